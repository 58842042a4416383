// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.SourceChange;
import io.drasi.model.SubscriptionSettings;
import java.util.List;

/** Tables that have nothing to make an element id of but the whole row, or its place. */
class KeylessTablesIT {
    private static final String LOG = "CREATE TABLE log (at timestamptz, level int, amount numeric, text text)";
    private static final String FULL = "ALTER TABLE log REPLICA IDENTITY FULL";
    private static final String NOTHING = "ALTER TABLE log REPLICA IDENTITY NOTHING";
    private static final String ROW = "('2024-02-29 01:02:03.5+02', 1, 1.10, 'grüß')";

    @EachVersion
    void deletesWithTheIdOfTheInsertWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = log(version, FULL)) {
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO log VALUES " + ROW + ", (NULL, NULL, NULL, NULL)", "DELETE FROM log WHERE level = 1");
            List<String> inserted = ids(Recorder.placed(recorder.transaction()));
            List<String> deleted = ids(Recorder.placed(recorder.transaction()));
            assertThat(inserted).allMatch(id -> id.matches("log:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
            assertThat(inserted.get(0)).isNotEqualTo(inserted.get(1));
            assertThat(deleted).containsExactly(inserted.get(0));
        }
    }

    @EachVersion
    void givesSnapshotAndStreamTheSameIdsWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = log(version, FULL)) {
            fixture.execute("INSERT INTO log VALUES " + ROW);
            Recorder recorder = fixture.bootstrap();
            String id = recorder.snapshot()
                    .rows()
                    .get(0)
                    .element()
                    .metadata()
                    .reference()
                    .elementId();
            fixture.execute("INSERT INTO log VALUES " + ROW, "DELETE FROM log");
            assertThat(ids(Recorder.placed(recorder.transaction()))).containsExactly(id);
            assertThat(ids(Recorder.placed(recorder.transaction()))).containsExactly(id, id);
        }
    }

    @EachVersion
    void deliversAnUpdateAsDeleteAndInsertWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = log(version, FULL)) {
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO log (level) VALUES (1)", "UPDATE log SET level = 2", "UPDATE log SET level = 2");
            String first = ids(Recorder.placed(recorder.transaction())).get(0);
            List<Recorder.Placed> update = Recorder.placed(recorder.transaction());
            assertThat(update).hasSize(2);
            assertThat(((SourceChange.Delete) update.get(0).change())
                            .metadata()
                            .reference()
                            .elementId())
                    .isEqualTo(first);
            SourceChange.Insert insert = (SourceChange.Insert) update.get(1).change();
            assertThat(insert.previousId()).contains(first);
            String second = insert.element().metadata().reference().elementId();
            assertThat(second).isNotEqualTo(first);
            List<Recorder.Placed> again = Recorder.placed(recorder.transaction());
            assertThat(ids(again)).containsExactly(second, second);
            assertThat(again.get(0).change()).isInstanceOf(SourceChange.Delete.class);
        }
    }

    @EachVersion
    void isAMultisetWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = log(version, FULL)) {
            fixture.execute("INSERT INTO log SELECT NULL, i % 3, i % 2, 'x' FROM generate_series(1, 30) AS i");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "INSERT INTO log SELECT NULL, i % 3, i % 2, 'x' FROM generate_series(1, 30) AS i",
                    "DELETE FROM log WHERE ctid IN (SELECT ctid FROM log WHERE level = 1 ORDER BY ctid LIMIT 7)",
                    "UPDATE log SET level = 2 WHERE ctid IN (SELECT ctid FROM log WHERE level = 0 ORDER BY ctid LIMIT 5)",
                    "UPDATE log SET text = NULL WHERE level = 2 AND amount = 1",
                    "DELETE FROM log WHERE level = 2 AND text IS NOT NULL");
            recorder.catchUp();
            TableMirror mirror = new TableMirror().withMultisets();
            mirror.apply(recorder.events());
            mirror.assertEqualsTable(fixture.database(), "log", "log");
            assertThat(mirror.size("log")).isGreaterThan(20);
        }
    }

    /** No two of these rows are equal, though some look alike. */
    @EachVersion
    void givesDifferentRowsDifferentIds(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (a text, b text, n numeric, l text[])", "ALTER TABLE t REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO t VALUES ('a', 'b', 1.0, '{}'), ('ab', '', 1.0, '{}'), ('', 'ab', 1.0, '{}'),"
                    + " ('a', 'b', 1.00, '{}'), (NULL, 'ab', 1, '{}'), ('', 'ab', NULL, '{}'), ('', 'ab', NULL, NULL),"
                    + " ('a', 'b', 1, '{NULL}'), ('a', 'b', 1, '{\"NULL\"}'), ('a', 'b', 1, '{a,b}'),"
                    + " ('a', 'b', 1, '{\"a,b\"}'), ('a', 'b', 1, '{{a},{b}}')");
            List<String> ids = ids(Recorder.placed(recorder.transaction()));
            assertThat(ids).hasSize(12).doesNotHaveDuplicates();
            fixture.execute("DELETE FROM t");
            assertThat(ids(Recorder.placed(recorder.transaction()))).isEqualTo(ids);
        }
    }

    @EachVersion
    void countsRowsWithoutColumns(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t ()", "ALTER TABLE t REPLICA IDENTITY FULL", "INSERT INTO t DEFAULT VALUES");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            List<SourceChange.Insert> rows = recorder.snapshot().rows();
            assertThat(rows).hasSize(1);
            fixture.execute("INSERT INTO t DEFAULT VALUES");
            assertThat(ids(Recorder.placed(recorder.transaction())))
                    .containsExactly(
                            rows.get(0).element().metadata().reference().elementId());
        }
    }

    @EachVersion
    void keepsContentIdsOverARestart(int version) {
        try (SourceFixture fixture = log(version, FULL)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO log VALUES " + ROW);
            List<String> inserted = ids(Recorder.placed(recorder.transaction()));
            fixture.closeSources();
            fixture.execute("DELETE FROM log");
            assertThat(ids(Recorder.placed(fixture.stream().transaction()))).isEqualTo(inserted);
        }
    }

    @EachVersion
    void givesEachInsertAnIdThatAReplayGivesAgainWithReplicaIdentityNothing(int version) {
        replaysTheSameIds(version, NOTHING);
    }

    @EachVersion
    void givesEachInsertAnIdThatAReplayGivesAgainWithReplicaIdentityDefault(int version) {
        replaysTheSameIds(version, "ALTER TABLE log REPLICA IDENTITY DEFAULT");
    }

    private static void replaysTheSameIds(int version, String identity) {
        try (SourceFixture fixture = log(version, identity)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder first = fixture.record(source, SubscriptionSettings.forQuery("first"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO log VALUES " + ROW + ", " + ROW, "INSERT INTO log VALUES " + ROW);
            List<String> ids = ids(Recorder.placed(first.transaction()));
            ids.addAll(ids(Recorder.placed(first.transaction())));
            assertThat(ids).hasSize(3).doesNotHaveDuplicates();
            fixture.closeSources();
            Recorder again = fixture.stream();
            List<String> replayed = ids(Recorder.placed(again.transaction()));
            replayed.addAll(ids(Recorder.placed(again.transaction())));
            assertThat(replayed).isEqualTo(ids);
            assertThat(again.catchUp()).isEmpty();
        }
    }

    @EachVersion
    void givesTheRowsOfASnapshotIdsThatAnotherSnapshotGivesAgain(int version) {
        try (SourceFixture fixture = log(version, NOTHING)) {
            fixture.execute("INSERT INTO log VALUES " + ROW + ", " + ROW + ", (NULL, NULL, NULL, NULL)");
            Recorder recorder = fixture.bootstrap();
            List<SourceChange.Insert> rows = recorder.snapshot().rows();
            assertThat(rows)
                    .extracting(row -> row.element().metadata().reference().elementId())
                    .hasSize(3)
                    .doesNotHaveDuplicates();
            Recorder later = fixture.record(
                    recorder.source(), SubscriptionSettings.forQuery("later").withBootstrap());
            assertThat(later.snapshot().rows())
                    .extracting(row -> row.element().metadata().reference())
                    .containsExactlyElementsOf(rows.stream()
                            .map(row -> row.element().metadata().reference())
                            .toList());
        }
    }

    /** The server itself keeps rows that nothing tells apart from being changed, as long as they are published. */
    @EachVersion
    void leavesItToTheServerToRefuseUpdatesWithoutReplicaIdentity(int version) {
        try (SourceFixture fixture = log(version, NOTHING)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO log (level) VALUES (1)");
            assertThatThrownBy(() -> fixture.execute("UPDATE log SET level = 2"))
                    .hasMessageContaining("does not have a replica identity");
            assertThat(recorder.allChanges()).hasSize(1);
        }
    }

    private static SourceFixture log(int version, String identity) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(LOG, identity);
        fixture.publishAllTables();
        return fixture;
    }

    private static List<String> ids(List<Recorder.Placed> changes) {
        return new java.util.ArrayList<>(changes.stream()
                .map(placed -> placed.change() instanceof SourceChange.Insert insert
                        ? insert.element().metadata().reference().elementId()
                        : ((SourceChange.Delete) placed.change())
                                .metadata()
                                .reference()
                                .elementId())
                .toList());
    }
}
