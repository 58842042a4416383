// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.subscription.BootstrapReceivers;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far the reading of one table is: tells those who wait for the rows, and the log. For any number of threads. */
final class TableProgress {
    private static final Logger LOG = LoggerFactory.getLogger(TableProgress.class);
    private static final long TELL_GAP_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOG_GAP_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final String sourceId;
    private final String label;
    private final long estimated;
    private final BootstrapReceivers receivers;
    private final LongSupplier nanoTime;
    private final AtomicBoolean begun = new AtomicBoolean();
    private final AtomicLong rows = new AtomicLong();
    private final AtomicLong toldAt = new AtomicLong();
    private final AtomicLong loggedAt = new AtomicLong();

    /**
     * @param estimated how many rows there are
     * @param nanoTime as that of {@link System}
     */
    TableProgress(String sourceId, String label, long estimated, BootstrapReceivers receivers, LongSupplier nanoTime) {
        this.sourceId = sourceId;
        this.label = label;
        this.estimated = estimated;
        this.receivers = receivers;
        this.nanoTime = nanoTime;
    }

    long rows() {
        return rows.get();
    }

    /** The reading of it, or of a part of it, begins. */
    void begin() {
        if (begun.compareAndSet(false, true)) {
            long now = nanoTime.getAsLong();
            toldAt.set(now);
            loggedAt.set(now);
            tell(0, false);
        }
    }

    /** So many more were handed over. */
    void add(int more) {
        long read = rows.addAndGet(more);
        long now = nanoTime.getAsLong();
        if (isDue(toldAt, now, TELL_GAP_NANOS)) {
            tell(read, false);
        }
        if (isDue(loggedAt, now, LOG_GAP_NANOS)) {
            LOG.info(
                    "source '{}': read {} of about {} rows of table {}{}",
                    sourceId,
                    read,
                    Math.max(read, estimated),
                    label,
                    percent(read));
        }
    }

    /** All of it was read. */
    void done() {
        tell(rows.get(), true);
        LOG.info("source '{}': read all {} rows of table {}", sourceId, rows, label);
    }

    private String percent(long read) {
        return read < estimated ? String.format(Locale.ROOT, " (%d %%)", read * 100 / estimated) : "";
    }

    /** Whether the time has come, and it is this thread that is to use it. */
    private static boolean isDue(AtomicLong last, long now, long gap) {
        long before = last.get();
        return now - before >= gap && last.compareAndSet(before, now);
    }

    private void tell(long read, boolean done) {
        receivers.tell(new SourceEvent.BootstrapProgress(label, read, estimated, done));
    }
}
