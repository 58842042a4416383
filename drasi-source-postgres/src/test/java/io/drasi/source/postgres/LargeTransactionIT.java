// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ChangeCursor;
import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.error.SpoolException;
import io.drasi.source.postgres.health.SpoolMetrics;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.testkit.Await;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Transactions that take more memory than they may: the rest is in a file. */
class LargeTransactionIT {
    static final String ROWS_PROPERTY = "drasi.large.rows";

    private static final long LEAST_MEMORY = 1 << 20;
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final List<String> SMALL_JVM =
            List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx64m");

    @TempDir
    Path directory;

    private PostgresReplicationSource.Builder builder(SourceFixture fixture) {
        return fixture.builder().withMaxTransactionMemory(LEAST_MEMORY).withTempDir(directory);
    }

    private static SourceFixture withTables(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz)",
                "CREATE TABLE few (id int PRIMARY KEY)",
                "ALTER TABLE t REPLICA IDENTITY FULL",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
        return fixture;
    }

    private long files() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("lock"))
                    .count();
        }
    }

    /** The next one, after what was told of tables that it has changed. */
    private static SourceEvent.Transaction transaction(Recorder recorder) {
        while (true) {
            if (recorder.next() instanceof SourceEvent.Transaction transaction) {
                return transaction;
            }
        }
    }

    private static List<String> walk(SourceEvent.Transaction transaction) {
        List<String> changes = new ArrayList<>();
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            changes.add(cursor.position().ordinal() + " " + ReadableChange.of(cursor.change()));
            assertThat(cursor.last()).isEqualTo(changes.size() == transaction.size());
        }
        return changes;
    }

    @EachVersion
    void givesAllOfItInOrderAsOftenAsSomebodyAsks(int version) throws IOException {
        try (SourceFixture fixture = withTables(version)) {
            Recorder inMemory = fixture.stream(fixture.builder().withSlotName(fixture.slotName() + "_m"));
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder all = fixture.record(source, SubscriptionSettings.forQuery("all"), false);
            Recorder few = fixture.record(
                    source, SubscriptionSettings.forQuery("few").withLabels("few"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("BEGIN; INSERT INTO few VALUES (0);"
                    + " INSERT INTO t SELECT i, 'name ' || i, '2026-01-01' FROM generate_series(1, 20000) AS i;"
                    + " UPDATE t SET name = NULL WHERE id % 3 = 0; UPDATE t SET id = -id WHERE id % 5 = 0;"
                    + " ALTER TABLE t ADD COLUMN more int; INSERT INTO t VALUES (0, 'zero', NULL, 7);"
                    + " DELETE FROM t WHERE id % 7 = 0; INSERT INTO few VALUES (1); TRUNCATE few;"
                    + " INSERT INTO few VALUES (2); COMMIT");
            SourceEvent.Transaction expected = transaction(inMemory);
            SourceEvent.Transaction spooled = transaction(all);
            assertThat(files()).isEqualTo(1);
            SpoolMetrics metrics = source.metrics().spool();
            assertThat(metrics.transactions()).isEqualTo(1);
            assertThat(metrics.files()).isEqualTo(1);
            assertThat(metrics.bytes()).isEqualTo(bytes());
            List<String> changes = walk(expected);
            assertThat(changes).hasSizeGreaterThan(30_000);
            assertThat(walk(spooled)).isEqualTo(changes);
            assertThat(walk(spooled)).as("once more").isEqualTo(changes);
            assertThat(spooled.position()).isEqualTo(expected.position());

            SourceEvent.Transaction ofFew = transaction(few);
            assertThat(walk(ofFew))
                    .isEqualTo(changes.stream()
                            .filter(change -> change.contains("few"))
                            .toList());
            assertThat(ofFew.size()).isGreaterThanOrEqualTo(3);

            few.confirm(ofFew);
            assertThat(files()).isEqualTo(1);
            all.confirm(spooled);
            assertThat(directory).isEmptyDirectory();
            assertThat(source.metrics().spool()).isEqualTo(new SpoolMetrics(1, 0, 0));
            assertThatThrownBy(() -> walk(spooled))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("are not there any more: each subscription that was given it has confirmed it");
        }
        assertThat(directory).isEmptyDirectory();
    }

    /** What was printed: where the last change stands that is confirmed, and how many were taken. */
    private record Taken(Optional<Position> last, long changes) {
        static Taken of(String output) {
            Optional<Position> last = Optional.empty();
            long changes = 0;
            for (String line : output.substring(0, output.lastIndexOf('\n') + 1)
                    .lines()
                    .filter(line -> line.startsWith("at "))
                    .toList()) {
                String[] parts = line.split(" ");
                Position position = Position.parse(parts[1]);
                assertThat(last.map(before -> before.compareTo(position) < 0).orElse(true))
                        .as(line)
                        .isTrue();
                last = Optional.of(position);
                changes += Long.parseLong(parts[2]);
            }
            return new Taken(last, changes);
        }
    }

    private Proc.Builder child(SourceFixture fixture, Optional<Position> from, int stallAfter) {
        return LargeTransactionChild.program(
                fixture, SMALL_JVM, directory, LEAST_MEMORY, RowFormat.AUTO, from, stallAfter);
    }

    private static void insert(SourceFixture fixture, long rows) {
        fixture.execute(
                "INSERT INTO t SELECT i, 'name ' || i, '2026-01-01' FROM generate_series(1, " + rows + ") AS i");
    }

    @SomeVersion
    void goesOnInTheMiddleAfterTheProcessWasKilled(int version) throws IOException {
        int rows = 30_000;
        try (SourceFixture fixture = withTables(version)) {
            Taken first;
            try (Proc child = child(fixture, Optional.empty(), 12).start()) {
                SourceTraces.awaitWalsender(fixture);
                insert(fixture, rows);
                child.awaitLine("stands still", TIMEOUT, "stalled"::equals);
                first = Taken.of(child.stdout());
                assertThat(first.changes()).isEqualTo(12_000);
                new Spool(LargeTransactionChild.ID, directory, cause -> {}).begin();
                assertThat(files()).as("of a process that lives").isEqualTo(1);
                child.kill();
            }
            SourceTraces.awaitNoWalsender(fixture);
            assertThat(files()).as("it could not delete").isEqualTo(1);
            try (Proc child = child(fixture, first.last(), 3).start()) {
                child.awaitLine("stands still", TIMEOUT, "stalled"::equals);
                assertThat(files()).as("that of the other is deleted").isEqualTo(1);
                assertThat(Taken.of(child.stdout()).changes()).isEqualTo(3_000);
                child.write("\n");
                Proc.Result result = child.await(TIMEOUT).requireSuccess();
                assertThat(Taken.of(result.stdout()).changes()).isEqualTo(rows - first.changes());
                assertThat(result.stdout()).contains("end " + (rows - first.changes()) + "\n");
            }
        }
        assertThat(directory).isEmptyDirectory();
    }

    /** A file can't be larger than that, as if the disk were full. */
    @Test
    void saysThatAFileCanNotBeWrittenAndGivesAllOfItLater() {
        int rows = 60_000;
        try (SourceFixture fixture = withTables(18)) {
            try (Proc child = child(fixture, Optional.empty(), 0)
                    .largestFile(LEAST_MEMORY)
                    .start()) {
                SourceTraces.awaitWalsender(fixture);
                insert(fixture, rows);
                Proc.Result result = child.await(TIMEOUT);
                assertThat(result.exitCode()).isEqualTo(LargeTransactionChild.FAILED);
                assertThat(result.stdout())
                        .containsPattern("failed: .*the file " + directory
                                + "/drasi-spool-child-\\d+/\\d+-0 for transaction \\d+ can't be written"
                                + " \\(1\\d{6} bytes so far\\): File too large")
                        .contains("max_transaction_memory")
                        .contains("The transaction comes again, whole, when the source is started.");
                assertThat(Taken.of(result.stdout()).changes()).isZero();
            }
            assertThat(directory).isEmptyDirectory();
            try (Proc child = child(fixture, Optional.empty(), 0).start()) {
                Proc.Result result = child.await(TIMEOUT).requireSuccess();
                assertThat(Taken.of(result.stdout()).changes()).isEqualTo(rows);
            }
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void stopsWhenAFileIsDamagedAndGivesAllOfItLater() throws Exception {
        int rows = 20_000;
        try (SourceFixture fixture = withTables(18)) {
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("query"), false);
            source.start();
            fixture.awaitStreaming(source);
            insert(fixture, rows);
            SourceEvent.Transaction transaction = transaction(recorder);
            damage();
            assertThatThrownBy(() -> walk(transaction))
                    .isInstanceOf(SpoolException.class)
                    .hasMessageContaining("of transaction " + transaction.xid())
                    .hasMessageContaining("is damaged at byte");
            Await.until("the source ends", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause()).containsInstanceOf(SpoolException.class);
            assertThatThrownBy(recorder::next).isInstanceOf(SpoolException.class);
            assertThat(directory).isEmptyDirectory();

            PostgresReplicationSource next = fixture.source(builder(fixture));
            Recorder whole = fixture.record(next, SubscriptionSettings.forQuery("query"), false);
            next.start();
            SourceEvent.Transaction again = transaction(whole);
            assertThat(again.position()).isEqualTo(transaction.position());
            assertThat(walk(again)).hasSize(rows);
            next.stop();
            assertThat(directory).isEmptyDirectory();
            assertThat(walk(again)).as("who has it can read it").hasSize(rows);
        }
    }

    /** The one that there is. */
    private Path file() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .filter(path -> !path.endsWith("lock"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private long bytes() throws IOException {
        return Files.size(file());
    }

    private void damage() throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file().toFile(), "rw")) {
            bytes.seek(bytes.length() / 2);
            int before = bytes.read();
            bytes.seek(bytes.length() / 2);
            bytes.write(before ^ 1);
        }
    }

    /** In a build each format on one version. */
    static Stream<Arguments> versionsAndFormats() {
        return Long.getLong(ROWS_PROPERTY) == null
                ? Stream.of(Arguments.of(10, RowFormat.TEXT), Arguments.of(18, RowFormat.BINARY))
                : Stream.of(
                        Arguments.of(10, RowFormat.TEXT),
                        Arguments.of(14, RowFormat.TEXT),
                        Arguments.of(14, RowFormat.BINARY),
                        Arguments.of(18, RowFormat.TEXT),
                        Arguments.of(18, RowFormat.BINARY));
    }

    /** 1,000,000 rows in a build. */
    @ParameterizedTest(name = "on PostgreSQL {0}, {1}")
    @MethodSource("versionsAndFormats")
    void arrivesWholeInASmallHeap(int version, RowFormat format) {
        long rows = Long.getLong(ROWS_PROPERTY, 1_000_000);
        try (SourceFixture fixture = withTables(version);
                Proc child = LargeTransactionChild.program(
                                fixture,
                                List.of("-Xmx64m", "-XX:+UseSerialGC"),
                                directory,
                                8 * LEAST_MEMORY,
                                format,
                                Optional.empty(),
                                0)
                        .start()) {
            SourceTraces.awaitWalsender(fixture);
            insert(fixture, rows);
            Proc.Result result = child.await(TIMEOUT.multipliedBy(1 + rows / 1_000_000))
                    .requireSuccess();
            assertThat(Taken.of(result.stdout()).changes()).isEqualTo(rows);
            System.out.println(rows + " rows in one transaction on PostgreSQL " + version + ", " + format + ": "
                    + result.stdout().lines().reduce((first, second) -> second).orElseThrow());
        }
        assertThat(directory).isEmptyDirectory();
    }
}
