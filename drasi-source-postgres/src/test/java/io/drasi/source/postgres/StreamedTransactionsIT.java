// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ChangeCursor;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.Streaming;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Property;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Transactions that the server sends before they have ended, since it may keep almost nothing of them itself: what comes is the
 * same as without that, the tables that are rebuilt from it are the server's, and test_decoding tells the same transactions.
 * One round in a build, or for as many minutes as the system property {@value RandomRuns#MINUTES_PROPERTY} says on each version.
 */
class StreamedTransactionsIT {
    private static final int WRITERS = 8;
    private static final int WRITERS_OF_LONG_RUN = 50;
    private static final int TRANSACTIONS = 12;
    private static final long LEAST_MEMORY = 1 << 20;
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    /** Those that can, and the oldest, which can't: there nothing is streamed. */
    static IntStream versions() {
        return PostgresVersion.available().stream()
                .mapToInt(PostgresVersion::major)
                .filter(version -> version == 10 || version >= 14);
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void areGivenAsTheyWereCommitted(int version) {
        PostgresServer.Builder builder =
                PostgresServer.builder(version).setting("max_prepared_transactions", "60").setting("max_connections", "150");
        if (version >= 14) {
            builder.setting("logical_decoding_work_mem", "64kB");
        }
        try (PostgresServer server = builder.start()) {
            int rounds = Property.forAllWithin(
                    RandomRuns.minutes().orElse(Duration.ofMillis(1)),
                    RandomRuns.seeds(),
                    random -> round(server, random));
            System.out.println(rounds + " rounds of streamed transactions on PostgreSQL " + version);
        }
        assertThat(directory).isEmptyDirectory();
    }

    /** The server describes a table once in a block, and not again when another transaction has described it otherwise since. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void takesATableAsItIsAfterABlockHasDescribedItAsItWas(int version) throws Exception {
        try (PostgresServer server = PostgresServer.builder(version)
                        .setting("logical_decoding_work_mem", "64kB")
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            fixture.execute("CREATE SCHEMA early", "CREATE TABLE early.t (id int PRIMARY KEY, text text)");
            fixture.publishAllTables();
            Taker taker = taker(fixture, fixture.slotName(), Streaming.ON);
            try (Connection open = fixture.database().connect();
                    Statement statement = open.createStatement()) {
                open.setAutoCommit(false);
                statement.execute("INSERT INTO early.t SELECT i, repeat('x', 100) FROM generate_series(1, 2000) AS i");
                requireStreamed(fixture);
                fixture.execute("ALTER SCHEMA early RENAME TO late", "INSERT INTO late.t VALUES (-1, 'other')");
                open.commit();
            }
            fixture.execute("INSERT INTO late.t VALUES (-2, 'after')");
            List<String> lines = taker.takeUpTo(fixture.walEnd());
            assertThat(lines).anyMatch(line -> line.contains("late.t:-1"));
            assertThat(lines).anyMatch(line -> line.contains("late.t:-2"));
            assertThat(lines.stream().filter(line -> line.contains(".t:2000"))).hasSize(1);
        }
    }

    private void round(PostgresServer server, Random random) throws Exception {
        int count = RandomRuns.minutes().isEmpty() ? WRITERS : WRITERS_OF_LONG_RUN;
        boolean breaks = random.nextBoolean();
        try (SourceFixture fixture = SourceFixture.on(server)) {
            SavepointWriter.createShared(fixture.database());
            List<SavepointWriter> writers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                writers.add(new SavepointWriter(fixture.database(), fixture.version(), i, random.nextLong()));
                writers.get(i).createTable();
            }
            fixture.publishAllTables();
            String judge = fixture.slotName() + "_judge";
            fixture.execute("SELECT pg_create_logical_replication_slot('" + judge + "', 'test_decoding')");
            Taker streamed = taker(fixture, fixture.slotName(), streaming(random));
            Taker whole = taker(fixture, fixture.slotName() + "_off", Streaming.OFF);
            write(fixture, writers, breaks);
            Lsn end = fixture.walEnd();
            List<String> expected = whole.takeUpTo(end);
            assertThat(streamed.takeUpTo(end)).isEqualTo(expected);
            assertThat(streamed.counts()).as("as test_decoding has it").isEqualTo(decoded(fixture, judge));
            for (SavepointWriter writer : writers) {
                streamed.mirror.assertEqualsTable(fixture.database(), writer.table(), writer.table());
            }
            streamed.mirror.assertEqualsTable(fixture.database(), SavepointWriter.SHARED, SavepointWriter.SHARED);
            requireStreamed(fixture);
            requireNotStreamed(fixture);
            fixture.closeSources();
            fixture.execute("SELECT pg_drop_replication_slot('" + judge + "')");
        }
    }

    private static Streaming streaming(Random random) {
        return random.nextBoolean() ? Streaming.ON : Streaming.PARALLEL;
    }

    private Taker taker(SourceFixture fixture, String slot, Streaming streaming) {
        PostgresReplicationSource source = fixture.source(fixture.builder()
                .withSlotName(slot)
                .withStreaming(streaming)
                .withTempDir(directory)
                .withMaxTransactionMemory(LEAST_MEMORY));
        Taker taker = new Taker(source, source.subscribe(SubscriptionSettings.forQuery("taker")));
        source.start();
        fixture.awaitStreaming(source);
        return taker;
    }

    private static void write(SourceFixture fixture, List<SavepointWriter> writers, boolean breaks) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> all = new ArrayList<>();
            for (SavepointWriter writer : writers) {
                all.add(threads.submit(() -> {
                    writer.run(TRANSACTIONS);
                    return null;
                }));
            }
            while (breaks && all.stream().anyMatch(future -> !future.isDone())) {
                fixture.server()
                        .query("SELECT pg_terminate_backend(active_pid), pg_sleep(0.2) FROM pg_replication_slots"
                                + " WHERE active_pid IS NOT NULL AND slot_name = '" + fixture.slotName() + "'");
            }
            for (Future<?> future : all) {
                future.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            }
        } catch (ExecutionException e) {
            throw new AssertionError("a writer failed", e.getCause());
        } finally {
            threads.shutdown();
        }
    }

    /** Each transaction that changes something, with how many messages that were. */
    private static List<String> decoded(SourceFixture fixture, String slot) {
        List<String> transactions = new ArrayList<>();
        long messages = 0;
        for (List<String> row : fixture.database()
                .query("SELECT left(data, 30) FROM pg_logical_slot_peek_changes('" + slot + "', NULL, NULL)")) {
            String line = row.get(0);
            if (line.startsWith("BEGIN")) {
                messages = 0;
            } else if (line.startsWith("table ")) {
                messages++;
            } else if (line.startsWith("COMMIT ") && messages > 0) {
                transactions.add(line.substring("COMMIT ".length()) + " " + messages);
            }
        }
        return transactions;
    }

    private static void requireStreamed(SourceFixture fixture) {
        if (fixture.version() < 14) {
            return;
        }
        Await.until(
                "the server says that it has streamed",
                () -> Long.parseLong(fixture.server()
                                .queryOne("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '"
                                        + fixture.slotName() + "'"))
                        > 0);
    }

    private static void requireNotStreamed(SourceFixture fixture) {
        if (fixture.version() >= 14) {
            assertThat(fixture.server()
                            .queryOne("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '"
                                    + fixture.slotName() + "_off'"))
                    .isEqualTo("0");
        }
    }

    /** Takes transactions, keeps what they say, and confirms them. */
    private static final class Taker {
        private final PostgresReplicationSource source;
        private final Subscription subscription;
        private final TableMirror mirror = new TableMirror();
        private final List<String> counts = new ArrayList<>();

        Taker(PostgresReplicationSource source, Subscription subscription) {
            this.source = source;
            this.subscription = subscription;
        }

        /** What was committed before: of each transaction a line, and one of each change. */
        List<String> takeUpTo(Lsn end) throws InterruptedException {
            List<String> lines = new ArrayList<>();
            long patience = System.nanoTime() + TIMEOUT.toNanos();
            while (true) {
                boolean all = !end.isAfter(source.handedOverLsn());
                Optional<SourceEvent> event = subscription.poll(all ? Duration.ZERO : Duration.ofMillis(50));
                if (event.isPresent()) {
                    patience = System.nanoTime() + TIMEOUT.toNanos();
                    take(event.get(), lines);
                } else if (all) {
                    return lines;
                }
                SourceFixture.requireNoFailure(source);
                assertThat(System.nanoTime() - patience).as("it goes on: %s", source.status()).isNegative();
            }
        }

        private void take(SourceEvent event, List<String> lines) {
            mirror.apply(event);
            if (event instanceof SourceEvent.Transaction transaction) {
                lines.add(transaction + " " + transaction.commitTime() + " " + transaction.endLsn());
                counts.add(transaction.xid() + " " + (transaction.position().ordinal() + 1));
                for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
                    lines.add(cursor.position() + " " + ReadableChange.of(cursor.change()));
                }
                subscription.confirm(transaction);
            }
        }

        List<String> counts() {
            return counts;
        }
    }
}
