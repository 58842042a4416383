// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How fast a bootstrap is, with each value decoded, beside psql's COPY that throws the bytes away: in one run, in rounds in
 * which each has its turn, as ratios of the medians.
 *
 * <p>Arguments: the number of rows (1,000,000), and of rounds (7) after one that is not counted.
 */
public final class SnapshotBenchmark {
    private static final int WIDE_COLUMNS = 40;
    private static final String TEXT_COPY = "psql, text";
    private static final String BINARY_COPY = "psql, binary";
    private static final double NANOS = 1e9;

    private final PostgresServer server;
    private final Database database;
    private final int rows;

    /** Something that reads a table. */
    private interface Contender {
        void read(String table) throws IOException, InterruptedException;
    }

    private SnapshotBenchmark(PostgresServer server, int rows) {
        this.server = server;
        this.database = server.database(server.superuser());
        this.rows = rows;
    }

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
        run(rows, rounds);
    }

    /** Prints the figures, and gives the seconds of each contender by table and name. */
    static Map<String, Map<String, List<Double>>> run(int rows, int rounds) throws IOException, InterruptedException {
        try (PostgresServer server = PostgresServer.builder(PostgresVersion.newest())
                .setting("autovacuum", "off")
                .setting("max_wal_size", "8GB")
                .start()) {
            SnapshotBenchmark benchmark = new SnapshotBenchmark(server, rows);
            Map<String, Map<String, List<Double>>> seconds = new LinkedHashMap<>();
            for (String table : benchmark.createTables()) {
                Map<String, List<Double>> measured = benchmark.measure(table, rounds);
                benchmark.print(table, measured);
                seconds.put(table, measured);
            }
            return seconds;
        }
    }

    private List<String> createTables() {
        StringBuilder columns = new StringBuilder();
        StringBuilder values = new StringBuilder();
        String[] types = {"int", "bigint", "text", "timestamptz", "numeric(12,2)", "boolean", "float8", "uuid"};
        String[] expressions = {
            "i",
            "i * 1000003::bigint",
            "'customer ' || i",
            "'2024-01-01'::timestamptz + i * interval '1 second'",
            "i / 100.0",
            "i % 2 = 0",
            "i * 0.37",
            "md5(i::text)::uuid"
        };
        for (int i = 1; i < WIDE_COLUMNS; i++) {
            columns.append(", c").append(i).append(' ').append(types[i % types.length]);
            values.append(", ").append(expressions[i % expressions.length]);
        }
        String series = " FROM generate_series(1, " + rows + ") AS i";
        database.execute(
                "CREATE TABLE narrow (id bigint PRIMARY KEY, n int, name text, at timestamptz, price numeric(12,2),"
                        + " active boolean)",
                "INSERT INTO narrow SELECT i, i % 1000, 'customer ' || i, '2024-01-01'::timestamptz + i * interval"
                        + " '1 second', i / 100.0, i % 2 = 0" + series,
                "CREATE TABLE wide (id bigint PRIMARY KEY" + columns + ")",
                "INSERT INTO wide SELECT i" + values + series,
                "VACUUM ANALYZE narrow",
                "VACUUM ANALYZE wide",
                "CREATE PUBLICATION narrow FOR TABLE narrow",
                "CREATE PUBLICATION wide FOR TABLE wide",
                "CHECKPOINT");
        return List.of("narrow", "wide");
    }

    private Map<String, List<Double>> measure(String table, int rounds) throws IOException, InterruptedException {
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<String, Contender> contender : contenders().entrySet()) {
                long begin = System.nanoTime();
                contender.getValue().read(table);
                double taken = (System.nanoTime() - begin) / NANOS;
                if (round > 0) {
                    seconds.computeIfAbsent(contender.getKey(), name -> new ArrayList<>())
                            .add(taken);
                }
            }
        }
        return seconds;
    }

    private Map<String, Contender> contenders() {
        Map<String, Contender> contenders = new LinkedHashMap<>();
        contenders.put(TEXT_COPY, table -> psql("COPY " + table + " TO STDOUT"));
        contenders.put(BINARY_COPY, table -> psql("COPY " + table + " TO STDOUT (FORMAT binary)"));
        for (RowFormat format : List.of(RowFormat.TEXT, RowFormat.BINARY)) {
            for (int connections = 1; connections <= 2; connections++) {
                int parallelism = connections;
                contenders.put(
                        "bootstrap, " + format.name().toLowerCase(Locale.ROOT) + ", " + connections
                                + (connections == 1 ? " connection" : " connections"),
                        table -> bootstrap(table, format, parallelism));
            }
        }
        return contenders;
    }

    private void psql(String copy) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        "psql",
                        "-X",
                        "-h",
                        server.host(),
                        "-p",
                        Integer.toString(server.port()),
                        "-U",
                        server.superuser(),
                        "-d",
                        database.name(),
                        "-c",
                        copy)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("psql failed with " + process.exitValue());
        }
    }

    private void bootstrap(String table, RowFormat format, int connections) throws InterruptedException {
        String slot = "snapshot_benchmark";
        try (PostgresReplicationSource source = PostgresReplicationSource.builder("benchmark")
                        .withHost(server.host())
                        .withPort(server.port())
                        .withDatabase(database.name())
                        .withUser(server.superuser())
                        .withPublicationName(table)
                        .withSlotName(slot)
                        .withRowFormat(format)
                        .withBootstrapParallelism(connections)
                        .build();
                Subscription subscription = source.subscribe(
                        SubscriptionSettings.forQuery("benchmark").withBootstrap())) {
            source.start();
            while (true) {
                Optional<SourceEvent> event = subscription.poll(Duration.ofSeconds(1));
                if (event.isPresent() && event.get() instanceof SourceEvent.BootstrapCompleted completed) {
                    if (completed.rows() != rows) {
                        throw new IllegalStateException(completed.rows() + " rows instead of " + rows);
                    }
                    subscription.confirm(completed.position());
                    break;
                } else if (source.status().status() == ComponentStatus.ERROR) {
                    throw new IllegalStateException(source.status().toString());
                }
            }
        }
        database.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active");
    }

    private void print(String table, Map<String, List<Double>> seconds) {
        List<Double> texts = Objects.requireNonNull(seconds.get(TEXT_COPY));
        double text = median(texts);
        double binary = median(Objects.requireNonNull(seconds.get(BINARY_COPY)));
        System.out.printf(
                Locale.ROOT, "%n%s, %,d rows, %d rounds: speed as a ratio of psql's%n", table, rows, texts.size());
        System.out.printf(
                Locale.ROOT,
                "%-32s %8s %8s %8s %12s %12s%n",
                "",
                "median s",
                "min",
                "max",
                "of its text",
                "of its binary");
        seconds.forEach((name, times) -> System.out.printf(
                Locale.ROOT,
                "%-32s %8.3f %8.3f %8.3f %12.2f %12.2f%n",
                name,
                median(times),
                Collections.min(times),
                Collections.max(times),
                text / median(times),
                binary / median(times)));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
