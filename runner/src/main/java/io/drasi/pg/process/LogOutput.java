// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the log goes: to standard error, as standard output carries the data. */
public final class LogOutput {
    private static final String OWN_LOGGERS = "io.drasi";
    private static final String EMBEDDED_SERVER_LOGGERS = "io.zonky";

    private LogOutput() {}

    /** Set before anything is logged. */
    public static void configure(Level ownLevel, boolean stackTraces) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setPattern("%d{HH:mm:ss.SSS} %-5level %msg%n" + (stackTraces ? "%ex" : "%nopex"));
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.addFilter(new WithoutFinalFailure());
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.setLevel(Level.WARN);
        context.getLogger(OWN_LOGGERS).setLevel(ownLevel);
        // It logs what it also throws.
        context.getLogger(EMBEDDED_SERVER_LOGGERS).setLevel(Level.OFF);
    }

    /** The failure that ends a source is printed as the program's last words. */
    private static final class WithoutFinalFailure extends Filter<ILoggingEvent> {
        private static final String LOGGER = "io.drasi.source.postgres.SourceRun";

        @Override
        public FilterReply decide(ILoggingEvent event) {
            boolean isFinal =
                    event.getLevel() == Level.ERROR && event.getLoggerName().equals(LOGGER);
            return isFinal ? FilterReply.DENY : FilterReply.NEUTRAL;
        }
    }
}
