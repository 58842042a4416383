// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ChangeCursor;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.Streaming;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How long after its commit a large transaction has been delivered, with each value decoded, beside pg_recvlogical that reads
 * protocol version 1 and throws the bytes away: in one run, in rounds in which each has its turn, as ratios of the medians.
 *
 * <p>Arguments: the number of rows (1,000,000), and of rounds (7) after one that is not counted.
 */
public final class LargeTransactionBenchmark {
    static final String PEER = "pg_recvlogical, version 1";
    static final String STREAMED = "streamed";
    static final String NOT_STREAMED = "not streamed";
    static final String FIRST = ", first change";

    private static final String MARK = "the transaction before this row has come";
    private static final double NANOS = 1e9;

    private final PostgresServer server;
    private final Database database;
    private final int rows;
    private final Map<String, List<Double>> seconds = new LinkedHashMap<>();
    private final Map<String, Long> spilled = new LinkedHashMap<>();
    private int slots;

    private LargeTransactionBenchmark(PostgresServer server, int rows) {
        this.server = server;
        this.database = server.database(server.superuser());
        this.rows = rows;
    }

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
        run(rows, rounds);
    }

    /** Prints the figures, and gives the seconds of each contender by its name. */
    static Map<String, List<Double>> run(int rows, int rounds) throws IOException, InterruptedException {
        try (PostgresServer server = PostgresServer.builder(PostgresVersion.newest())
                .setting("autovacuum", "off")
                .setting("max_wal_size", "8GB")
                .start()) {
            LargeTransactionBenchmark benchmark = new LargeTransactionBenchmark(server, rows);
            benchmark.measure(rounds);
            return benchmark.seconds;
        }
    }

    private void measure(int rounds) throws IOException, InterruptedException {
        database.execute(
                "CREATE TABLE narrow (id bigint PRIMARY KEY, n int, name text, at timestamptz, price numeric(12,2),"
                        + " active boolean)",
                "CREATE TABLE marks (text text)",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
        for (int round = 0; round <= rounds; round++) {
            if (round == 1) {
                seconds.clear();
            }
            ours(STREAMED, Streaming.ON);
            ours(NOT_STREAMED, Streaming.OFF);
            peer();
        }
        print();
    }

    /** Commits the rows, and then a mark; returns when the rows were committed. */
    private long commit() {
        database.execute("INSERT INTO narrow SELECT i, i % 1000, 'customer ' || i, '2024-01-01'::timestamptz + i * interval"
                + " '1 second', i / 100.0, i % 2 = 0 FROM generate_series(1, " + rows + ") AS i");
        long committed = System.nanoTime();
        database.execute("INSERT INTO marks VALUES ('" + MARK + "')");
        return committed;
    }

    private void clear() {
        database.execute("TRUNCATE narrow, marks", "CHECKPOINT");
    }

    private void ours(String name, Streaming streaming) throws InterruptedException {
        String slot = "slot" + slots++;
        try (PostgresReplicationSource source = PostgresReplicationSource.builder("benchmark")
                        .withHost(server.host())
                        .withPort(server.port())
                        .withDatabase(database.name())
                        .withUser(server.superuser())
                        .withSlotName(slot)
                        .withStreaming(streaming)
                        .build();
                Subscription subscription = source.subscribe(SubscriptionSettings.forQuery("benchmark"))) {
            source.start();
            awaitActive(slot);
            Reader reader = new Reader(subscription);
            Thread reading = new Thread(reader::run, "reader");
            reading.start();
            long committed = commit();
            reading.join();
            if (reader.changes != rows) {
                throw new IllegalStateException(reader.changes + " changes instead of " + rows);
            }
            add(name, committed, reader.last);
            add(name + FIRST, committed, reader.first);
            spilled.put(name, spillBytes(slot));
        }
        dropSlot(slot);
        clear();
    }

    private void peer() throws IOException, InterruptedException {
        String slot = "slot" + slots++;
        database.execute("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
        Process process = new ProcessBuilder(
                        "pg_recvlogical",
                        "--host=" + server.host(),
                        "--port=" + server.port(),
                        "--username=" + server.superuser(),
                        "--dbname=" + database.name(),
                        "--slot=" + slot,
                        "--start",
                        "--option=proto_version=1",
                        "--option=publication_names=drasi_publication",
                        "--file=-")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            awaitActive(slot);
            MarkReader reader = new MarkReader(process.getInputStream());
            Thread reading = new Thread(reader::run, "reader");
            reading.start();
            long committed = commit();
            reading.join();
            add(PEER, committed, reader.found);
            spilled.put(PEER, spillBytes(slot));
        } finally {
            process.destroy();
            process.waitFor();
        }
        dropSlot(slot);
        clear();
    }

    private void add(String name, long begin, long end) {
        seconds.computeIfAbsent(name, key -> new ArrayList<>()).add((end - begin) / NANOS);
    }

    private void awaitActive(String slot) throws InterruptedException {
        while (database.query("SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '" + slot + "'")
                .isEmpty()) {
            Thread.sleep(20);
        }
    }

    private void dropSlot(String slot) throws InterruptedException {
        while (!database.query("SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '" + slot + "'")
                .isEmpty()) {
            Thread.sleep(20);
        }
        database.execute("SELECT pg_drop_replication_slot('" + slot + "')");
    }

    /** What the server has put on its own disk for the slot, which it tells after the transaction. */
    private long spillBytes(String slot) throws InterruptedException {
        while (true) {
            List<List<String>> rows = database.query(
                    "SELECT spill_bytes FROM pg_stat_replication_slots WHERE total_txns > 0 AND slot_name = '" + slot
                            + "'");
            if (!rows.isEmpty()) {
                return Long.parseLong(rows.get(0).get(0));
            }
            Thread.sleep(20);
        }
    }

    private void print() {
        double peer = median(seconds.getOrDefault(PEER, List.of()));
        seconds.forEach((name, all) -> System.out.printf(
                Locale.ROOT,
                "%,d rows, %-30s median %6.3f s (%.3f to %.3f), %.2f of %s%s%n",
                rows,
                name,
                median(all),
                Collections.min(all),
                Collections.max(all),
                median(all) / peer,
                PEER,
                spilled.containsKey(name) ? "; the server spilled " + spilled.get(name) + " bytes" : ""));
    }

    private static double median(List<Double> all) {
        List<Double> sorted = all.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }

    /** Takes all changes of the first transaction. */
    private static final class Reader {
        private final Subscription subscription;
        private long changes;
        private long first;
        private long last;

        Reader(Subscription subscription) {
            this.subscription = subscription;
        }

        void run() {
            try {
                while (changes == 0) {
                    Optional<SourceEvent> event = subscription.poll(Duration.ofMinutes(5));
                    if (event.isPresent() && event.get() instanceof SourceEvent.Transaction transaction) {
                        take(transaction);
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void take(SourceEvent.Transaction transaction) {
            for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
                if (changes++ == 0) {
                    first = System.nanoTime();
                }
            }
            last = System.nanoTime();
            subscription.confirm(transaction);
        }
    }

    /** Reads until the mark has come. */
    private static final class MarkReader {
        private static final byte[] WANTED = MARK.getBytes(StandardCharsets.US_ASCII);

        private final InputStream in;
        private long found;

        MarkReader(InputStream in) {
            this.in = in;
        }

        void run() {
            byte[] buffer = new byte[1 << 16];
            int matched = 0;
            try {
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    for (int i = 0; i < count; i++) {
                        matched = buffer[i] == WANTED[matched] ? matched + 1 : buffer[i] == WANTED[0] ? 1 : 0;
                        if (matched == WANTED.length) {
                            found = System.nanoTime();
                            return;
                        }
                    }
                }
            } catch (IOException e) {
                throw new IllegalStateException("pg_recvlogical can't be read", e);
            }
        }
    }
}
