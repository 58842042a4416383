// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What those who stream notice of a bootstrap that another query is given of a large table: how long after its commit began a
 * change reaches them, while transactions commit at a steady rate, without and with it.
 *
 * <p>Arguments: the rows of the large table (5,000,000), transactions a second (1,000), seconds without a bootstrap (20). Give
 * the JVM little memory, {@code -Xmx128m}: the bootstrap must do with it.
 */
public final class LateBootstrapBenchmark {
    private static final double MICROS = 1000;
    private static final int MOST_SAMPLES = 1_000_000;

    private LateBootstrapBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5_000_000;
        int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1000;
        int seconds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 20;
        run(rows, rate, seconds);
    }

    /** Prints the figures, and gives the number of changes that came without and with the bootstrap. */
    static int[] run(int rows, int rate, int seconds) throws Exception {
        try (PostgresServer server = PostgresServer.builder(PostgresVersion.newest())
                .setting("autovacuum", "off")
                .setting("max_wal_size", "8GB")
                .start()) {
            Database database = server.database(server.superuser());
            database.execute(
                    "CREATE TABLE large (id bigint PRIMARY KEY, n int, name text, at timestamptz, price numeric(12,2))",
                    "INSERT INTO large SELECT i, i % 1000, 'customer ' || i, '2024-01-01'::timestamptz + i * interval"
                            + " '1 second', i / 100.0 FROM generate_series(1, " + rows + ") AS i",
                    "CREATE TABLE ticks (id bigint PRIMARY KEY, begun bigint)",
                    "CREATE PUBLICATION drasi_publication FOR ALL TABLES",
                    "CHECKPOINT");
            try (PostgresReplicationSource source = PostgresReplicationSource.builder("benchmark")
                            .withHost(server.host())
                            .withPort(server.port())
                            .withDatabase(database.name())
                            .withUser(server.superuser())
                            .build();
                    Subscription ticks = source.subscribe(
                            SubscriptionSettings.forQuery("ticks").withLabels("ticks"))) {
                source.start();
                Reader reader = new Reader(ticks);
                Thread reading = start("reader", reader::run);
                Writer writer = new Writer(database, rate);
                Thread writing = start("writer", writer::run);
                Thread.sleep(3000); // warm-up
                reader.forget();
                Thread.sleep(seconds * 1000L);
                int without = reader.print("without a bootstrap");
                long begun = System.nanoTime();
                bootstrap(source, rows);
                int with = reader.print(
                        String.format(Locale.ROOT, "during one, %.1f s", (System.nanoTime() - begun) / 1e9));
                writer.over.set(true);
                writing.join();
                source.stop();
                reading.join();
                writer.requireNoFailure();
                return new int[] {without, with};
            }
        }
    }

    private static Thread start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.start();
        return thread;
    }

    private static void bootstrap(PostgresReplicationSource source, int rows) throws InterruptedException {
        try (Subscription late = source.subscribe(
                SubscriptionSettings.forQuery("late").withLabels("large").withBootstrap())) {
            while (true) {
                Optional<SourceEvent> event = late.poll(Duration.ofSeconds(60));
                if (event.isEmpty()) {
                    throw new IllegalStateException("nothing comes: " + source.status());
                } else if (event.get() instanceof SourceEvent.BootstrapCompleted completed) {
                    if (completed.rows() != rows) {
                        throw new IllegalStateException(completed.rows() + " rows instead of " + rows);
                    }
                    late.confirm(completed.position());
                    return;
                }
            }
        }
    }

    /** Commits ticks, each with the time at which it began. */
    private static final class Writer {
        private final Database database;
        private final long gapNanos;
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile @Nullable SQLException failure;

        Writer(Database database, int rate) {
            this.database = database;
            this.gapNanos = 1_000_000_000L / rate;
        }

        void run() {
            try (Connection connection = database.connect();
                    PreparedStatement insert = connection.prepareStatement("INSERT INTO ticks VALUES (?, ?)")) {
                long next = System.nanoTime();
                for (long id = 1; !over.get(); id++) {
                    while (System.nanoTime() < next) {
                        LockSupport.parkNanos(next - System.nanoTime());
                    }
                    insert.setLong(1, id);
                    insert.setLong(2, System.nanoTime());
                    insert.executeUpdate();
                    next += gapNanos;
                }
            } catch (SQLException e) {
                failure = e;
            }
        }

        void requireNoFailure() throws SQLException {
            SQLException cause = failure;
            if (cause != null) {
                throw cause;
            }
        }
    }

    /** Takes the ticks, and keeps how long each was on its way. */
    private static final class Reader {
        private final Subscription ticks;
        private final int[] micros = new int[MOST_SAMPLES];
        private int count; // guarded by this

        Reader(Subscription ticks) {
            this.ticks = ticks;
        }

        void run() {
            for (SourceEvent event : ticks) {
                if (event instanceof SourceEvent.Transaction transaction) {
                    long now = System.nanoTime();
                    for (SourceChange change : transaction.changes()) {
                        if (change instanceof SourceChange.Insert insert
                                && insert.element().properties().get("begun").orElseThrow()
                                        instanceof IntegerValue begun) {
                            add(now - begun.value());
                        }
                    }
                    ticks.confirm(transaction.position());
                }
            }
        }

        private synchronized void add(long nanos) {
            if (count < micros.length) {
                micros[count++] = (int) (nanos / MICROS);
            }
        }

        synchronized void forget() {
            count = 0;
        }

        /** Prints what came since the last time. */
        synchronized int print(String when) {
            int[] sorted = Arrays.copyOf(micros, count);
            Arrays.sort(sorted);
            System.out.printf(
                    Locale.ROOT,
                    "%-28s %,9d changes, latency in ms: p50 %.2f, p99 %.2f, p99.9 %.2f, max %.2f%n",
                    when,
                    count,
                    percentile(sorted, 0.5),
                    percentile(sorted, 0.99),
                    percentile(sorted, 0.999),
                    percentile(sorted, 1));
            int printed = count;
            count = 0;
            return printed;
        }

        private static double percentile(int[] sorted, double part) {
            return sorted.length == 0 ? Double.NaN : sorted[(int) ((sorted.length - 1) * part)] / MICROS;
        }
    }
}
