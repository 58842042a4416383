// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.drasi.postgres.protocol.backend.ServerMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ServerNoticesTest {
    private static final String LAGS = "replication slot \"standby_1\" does not have active_pid";

    private final Logger logger = (Logger) LoggerFactory.getLogger(ServerNotices.class);
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1); // it wraps around
    private final ServerNotices notices = new ServerNotices(nanos::get);

    @BeforeEach
    void listen() {
        logger.setLevel(Level.INFO);
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(appender);
        logger.setLevel(null); // that of its parent
    }

    @Test
    void takesAWarningOfThatStateForOneThatRowsAreLeftOut() {
        assertThat(ServerNotices.leavesRowsOut(notice("WARNING", "55000", "LoadPublications")))
                .isTrue();
        assertThat(ServerNotices.leavesRowsOut(notice("WARNING", "55000", "ItHasAnotherName")))
                .isTrue();
        assertThat(ServerNotices.leavesRowsOut(new ServerMessage(Map.of('S', "WARNING", 'C', "55000", 'M', LAGS))))
                .as("without the name of a function")
                .isTrue();
    }

    @Test
    void takesNoOtherForThat() {
        assertThat(ServerNotices.leavesRowsOut(notice("WARNING", "55000", "StandbySlotsHaveCaughtup")))
                .isFalse();
        assertThat(ServerNotices.leavesRowsOut(notice("WARNING", "01000", "LoadPublications")))
                .isFalse();
    }

    @Test
    void logsTheSameOnceAMinute() {
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        nanos.addAndGet(Duration.ofMinutes(1).toNanos() - 1);
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        assertThat(logged()).containsExactly("WARN the server says: " + LAGS + ". It waits. Start it.");
        nanos.addAndGet(1);
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        assertThat(logged()).hasSize(2);
    }

    @Test
    void logsAnotherAtOnce() {
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        notices.log(new ServerMessage(Map.of('S', "NOTICE", 'C', "00000", 'M', "something else")));
        notices.log(notice("WARNING", "55000", "StandbySlotsHaveCaughtup"));
        assertThat(logged()).hasSize(3).element(1).isEqualTo("INFO the server says: something else");
    }

    private List<String> logged() {
        return appender.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }

    private static ServerMessage notice(String severity, String sqlState, String routine) {
        return new ServerMessage(
                Map.of('S', severity, 'C', sqlState, 'M', LAGS, 'D', "It waits.", 'H', "Start it.", 'R', routine));
    }
}
