// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.source.postgres.server.Advice;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the server remarks while it streams. One thread. */
final class ServerNotices {
    private static final Logger LOG = LoggerFactory.getLogger(ServerNotices.class);
    private static final long REPEAT_NANOS = Duration.ofMinutes(1).toNanos();
    private static final String NOT_IN_PREREQUISITE_STATE = "55000";

    private final LongSupplier nanoTime;
    private String last = "";
    private long lastAt;

    ServerNotices(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * Whether the server streams on without rows that belong to the stream: from 18 on a publication that is unknown at a
     * place in the log is just a warning.
     */
    static boolean leavesRowsOut(ServerMessage notice) {
        return notice.sqlState().equals(NOT_IN_PREREQUISITE_STATE) && !Advice.waitsForStandby(notice);
    }

    /** Logs it; one that comes again and again once a minute. */
    void log(ServerMessage notice) {
        String text = text(notice);
        long now = nanoTime.getAsLong();
        if (text.equals(last) && now - lastAt < REPEAT_NANOS) {
            return;
        }
        last = text;
        lastAt = now;
        if (notice.severity().equals("WARNING")) {
            LOG.warn("the server says: {}", text);
        } else {
            LOG.info("the server says: {}", text);
        }
    }

    private static String text(ServerMessage notice) {
        StringBuilder text = new StringBuilder(notice.message());
        notice.detail().ifPresent(detail -> text.append(". ").append(detail));
        notice.hint().ifPresent(hint -> text.append(' ').append(hint));
        return text.toString();
    }
}
