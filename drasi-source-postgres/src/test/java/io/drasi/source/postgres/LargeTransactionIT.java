// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ChangeCursor;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Transactions that take more memory than they may: the rest is in a file. */
class LargeTransactionIT {
    private static final long LEAST_MEMORY = 1 << 20;

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
            all.confirm(spooled);
            fixture.awaitConfirmed(fixture.walEnd());
            Await.until("the file is deleted", () -> {
                try {
                    return files() == 0;
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThatThrownBy(() -> walk(spooled))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("are not there any more: it was confirmed");
        }
        assertThat(directory).isEmptyDirectory();
    }
}
