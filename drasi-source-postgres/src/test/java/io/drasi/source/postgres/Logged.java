// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What sources log until this is closed. */
final class Logged implements AutoCloseable {
    /** Said when a source gives up its stream, because the server shuts down and would wait for it. */
    static final String LETTING_GO = "letting go of the stream";

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.drasi.source.postgres");
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    /** Of warnings and worse. */
    Logged() {
        this(Level.WARN);
    }

    Logged(Level least) {
        logger.setLevel(least);
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.addAppender(appender);
    }

    List<String> messages() {
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(null); // that of its parent
    }
}
