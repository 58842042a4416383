// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.meter;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.source.postgres.health.SourceMetrics;
import io.drasi.source.postgres.health.TableMetrics;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.TableTally;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what a source does, over all its runs. Thread-safe. Costs the stream a few additions per transaction and table. */
public final class SourceMeter {
    private static final Logger LOG = LoggerFactory.getLogger(SourceMeter.class);

    private final Map<String, TableMeter> tables = new ConcurrentHashMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong transactions = new AtomicLong();
    private final AtomicLong spooledTransactions = new AtomicLong();
    private final AtomicLong failedAttempts = new AtomicLong();
    private final AtomicLong bootstraps = new AtomicLong();
    private final LagMeter lag = new LagMeter(System::nanoTime);
    private final InstantSource clock;
    private volatile @Nullable Instant lastCommitTime;
    private volatile SourceMetrics.@Nullable Failure lastFailure;
    private volatile @Nullable SlotReading slot;

    /** @param clock tells when something failed */
    public SourceMeter(InstantSource clock) {
        this.clock = clock;
    }

    /** A run begins: what is known of the slot is of another. */
    public void begin() {
        slot = null;
        lag.forget();
    }

    /** The stream of all has brought it. */
    public void received(CommittedTransaction transaction) {
        transactions.incrementAndGet();
        if (transaction.inFile()) {
            spooledTransactions.incrementAndGet();
        }
        lastCommitTime = transaction.commitTime();
        for (TableTally tally : transaction.tallies()) {
            table(tally.label()).add(tally);
        }
    }

    /** So many rows of a table were read in a bootstrap. */
    public void readRows(String label, long rows) {
        table(label).addSnapshotRows(rows);
    }

    public void bootstrapRead() {
        bootstraps.incrementAndGet();
    }

    private TableMeter table(String label) {
        TableMeter meter = tables.get(label);
        if (meter == null) {
            meter = tables.computeIfAbsent(label, unused -> new TableMeter());
            changed();
        }
        return meter;
    }

    /** It is tried again. */
    public void attemptFailed(RuntimeException cause) {
        failedAttempts.incrementAndGet();
        failed(cause);
    }

    /** The source stops because of that. */
    public void failed(RuntimeException cause) {
        lastFailure = new SourceMetrics.Failure(clock.instant(), String.valueOf(cause.getMessage()));
    }

    public void slotRead(SlotReading reading) {
        slot = reading;
        lag.mark(new Lsn(reading.confirmedFlushLsn().value() + reading.unconfirmedBytes()));
    }

    /** What the server said of the slot last. */
    public Optional<SlotReading> slot() {
        return Optional.ofNullable(slot);
    }

    public Duration lag(Lsn reached) {
        return lag.behind(reached);
    }

    public Optional<Instant> lastCommitTime() {
        return Optional.ofNullable(lastCommitTime);
    }

    public Optional<SourceMetrics.Failure> lastFailure() {
        return Optional.ofNullable(lastFailure);
    }

    public long transactions() {
        return transactions.get();
    }

    /** Those of which a part was in a file. */
    public long spooledTransactions() {
        return spooledTransactions.get();
    }

    public long failedAttempts() {
        return failedAttempts.get();
    }

    public long bootstraps() {
        return bootstraps.get();
    }

    public Map<String, TableMetrics> tables() {
        Map<String, TableMetrics> all = new HashMap<>();
        tables.forEach((label, meter) -> all.put(label, meter.read()));
        return all;
    }

    /** @return undoes it */
    public Runnable listen(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** There is a table or a subscription more than before, or a subscription less. */
    public void changed() {
        for (Runnable listener : listeners) {
            try {
                listener.run();
            } catch (RuntimeException e) {
                LOG.error("a listener of metrics failed", e);
            }
        }
    }
}
