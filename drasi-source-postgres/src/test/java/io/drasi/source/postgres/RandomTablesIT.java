// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.source.postgres.config.RowFormat;
import io.drasi.testkit.Property;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random tables with a random history, of which a subscriber has in the end what the server has. Runs for a minute with the same
 * seeds in each build, or with new ones for as many as the system property {@value RandomRuns#MINUTES_PROPERTY} says.
 */
class RandomTablesIT {
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @CsvSource({"18, 40", "14, 10", "10, 10"})
    void areRebuiltFromSnapshotAndStream(int version, int secondsOfEachMinute) {
        long minutes = RandomRuns.minutes().map(Duration::toMinutes).orElse(1L);
        Duration time = Duration.ofSeconds(secondsOfEachMinute * minutes);
        RandomTally tally = new RandomTally();
        int runs =
                Property.forAllWithin(time, RandomRuns.seeds(), random -> rebuildRandomTables(version, random, tally));
        System.out.println(runs + " random histories on PostgreSQL " + version + ": " + tally);
    }

    private static void rebuildRandomTables(int version, Random random, RandomTally tally) throws Exception {
        try (SourceFixture fixture = SourceFixture.on(version);
                RandomHistory history = new RandomHistory(fixture, random)) {
            try {
                history.run();
                check(history, freshlyRead(fixture), tally);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "on PostgreSQL " + version + ": " + e.getMessage() + "\nafter:\n" + history.log(), e);
            }
        }
    }

    private static void check(RandomHistory history, TableMirror fresh, RandomTally tally) throws SQLException {
        for (Recorder recorder : history.recorders()) {
            AnnouncedColumns.check(recorder.events());
            TableMirror mirror = mirror(recorder);
            assertEqualTables(history, mirror, fresh);
            tally.count(recorder.events());
            tally.count("rows compared", mirror.size());
            tally.count("rows compared, of a source in binary format", history.binary() ? mirror.size() : 0);
        }
    }

    /** A second source, which reads nothing but the snapshot, and that as text. */
    private static TableMirror freshlyRead(SourceFixture fixture) {
        Recorder fresh = fixture.bootstrap(
                fixture.builder().withSlotName(fixture.slotName() + "_fresh").withRowFormat(RowFormat.TEXT));
        fresh.catchUpWithBootstraps();
        return mirror(fresh);
    }

    private static TableMirror mirror(Recorder recorder) {
        TableMirror mirror = new TableMirror().withMultisets();
        mirror.apply(recorder.events());
        return mirror;
    }

    private static void assertEqualTables(RandomHistory history, TableMirror mirror, TableMirror fresh)
            throws SQLException {
        ServerJudge judge = new ServerJudge(history.connection());
        for (RandomTable table : history.tables()) {
            assertThat(rows(mirror, table)).as("rows of %s", table.label()).isEqualTo(rows(fresh, table));
            judge.assertEqual(mirror, table);
        }
        assertThat(mirror.labels()).isEqualTo(fresh.labels());
    }

    /** With their ids, unless those are made of the row's place, which is another one in the snapshot. */
    private static List<String> rows(TableMirror mirror, RandomTable table) {
        Stream<String> rows = mirror.identifiedRows(table.label()).stream()
                .map(row -> (table.placed() ? "" : row.getKey() + " ")
                        + table.columns.stream()
                                .filter(column -> row.getValue().containsKey(column.name))
                                .map(column -> column.name + "="
                                        + ReadableChange.of(row.getValue().get(column.name)))
                                .toList());
        return rows.sorted().toList();
    }
}
