// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Ways to join a snapshot to a stream that look right and are not. Each is done here first as it is done naively, where the
 * check has to find the row that is lost or comes twice; then at the same moment by the source.
 */
class SnapshotTrapsIT {
    private static final String IDS = "SELECT id FROM t ORDER BY id";
    private static final SubscriptionSettings FIRST =
            SubscriptionSettings.forQuery("first").withBootstrap();

    /** A commit is written to the log before it can be seen, and with a synchronous standby that may take long. */
    @SomeVersion
    void theEndOfTheLogIsNotThePositionOfASnapshot(int version) throws Exception {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = withTable(SourceFixture.on(server));
                NaiveReader naive = new NaiveReader(fixture.database())) {
            naive.createSlot();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder first = fixture.record(source, FIRST);
            source.start();
            first.catchUpWithBootstraps();

            synchronousStandby(server, "ghost");
            CompletableFuture<Void> commit = CompletableFuture.runAsync(
                    () -> fixture.execute("SET synchronous_commit = on; INSERT INTO t VALUES (2)"));
            Await.until(
                    "the commit waits for the standby",
                    () -> !server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                            .isEmpty());
            NaiveReader.Snapshot snapshot = naive.snapshot();
            Recorder late =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            awaitSlotCreation(fixture);
            synchronousStandby(server, "");
            commit.join();

            List<Integer> naively = new ArrayList<>(snapshot.ids());
            naively.addAll(naive.streamedAfter(snapshot.logEnd()));
            assertThatThrownBy(() -> assertEachOnce(naively, fixture)).isInstanceOf(AssertionError.class);
            assertThat(naively).as("a row is lost").containsExactly(1);

            fixture.execute("INSERT INTO t VALUES (3)");
            late.catchUpWithBootstraps();
            assertEachOnce(ids(late), fixture);
            first.catchUp();
            assertEachOnce(ids(first), fixture);
        }
    }

    private static void synchronousStandby(PostgresServer server, String name) {
        server.execute("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
        server.execute("SELECT pg_reload_conf()");
        Await.until(
                "the setting is taken",
                () -> server.queryOne("SHOW synchronous_standby_names").equals(name));
    }

    @SomeVersion
    void aSlotThatIsMadeAfterTheSnapshotLosesWhatCommitsBetween(int version) throws Exception {
        try (SourceFixture fixture = withTable(SourceFixture.on(version));
                NaiveReader naive = new NaiveReader(fixture.database());
                Connection writer = fixture.database().connect();
                Statement open = writer.createStatement()) {
            NaiveReader.Snapshot snapshot = naive.snapshot();
            fixture.execute("INSERT INTO t VALUES (2)");
            naive.createSlot();
            fixture.execute("INSERT INTO t VALUES (3)");
            List<Integer> naively = new ArrayList<>(snapshot.ids());
            naively.addAll(naive.streamed());
            assertThatThrownBy(() -> assertEachOnce(naively, fixture)).isInstanceOf(AssertionError.class);
            assertThat(naively).as("a row is lost").containsExactly(1, 3);

            writer.setAutoCommit(false);
            open.execute("INSERT INTO t VALUES (4)");
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder first = fixture.record(source, FIRST);
            source.start();
            awaitSlotCreation(fixture);
            fixture.execute("INSERT INTO t VALUES (5)");
            writer.commit();
            fixture.execute("INSERT INTO t VALUES (6)");
            first.catchUpWithBootstraps();
            assertEachOnce(ids(first), fixture);
        }
    }

    @SomeVersion
    void twoSnapshotsOfDifferentAgeHaveNoBoundaryInCommon(int version) throws Exception {
        try (SourceFixture fixture = withTable(SourceFixture.on(version));
                NaiveReader older = new NaiveReader(fixture.database());
                NaiveReader newer = new NaiveReader(fixture.database())) {
            fixture.execute(
                    "CREATE TABLE large AS SELECT i AS id, repeat('x', 8000) AS text FROM generate_series(1, 2500) AS i",
                    "ALTER TABLE large ADD PRIMARY KEY (id)");
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(20).withDispatchBufferCapacity(3));
            source.start();
            fixture.record(source, SubscriptionSettings.forQuery("labels").withLabels("large"));
            Await.until("it streams", () -> source.confirmedLsn().isValid());

            older.createSlot();
            NaiveReader.Snapshot before = older.snapshot();
            Recorder late = fixture.record(source, FIRST);
            late.next(SourceEvent.BootstrapStarted.class);
            fixture.execute("INSERT INTO t VALUES (2)");
            NaiveReader.Snapshot after = newer.snapshot();
            Recorder later = fixture.record(
                    source,
                    SubscriptionSettings.forQuery("later").withBootstrap().withLabels("t"));
            fixture.execute("INSERT INTO t VALUES (3)");

            List<Integer> all = older.streamed();
            List<Integer> olderFromTheNewerOn = new ArrayList<>(before.ids());
            olderFromTheNewerOn.addAll(all.subList(1, 2));
            assertThatThrownBy(() -> assertEachOnce(olderFromTheNewerOn, fixture))
                    .isInstanceOf(AssertionError.class);
            assertThat(olderFromTheNewerOn).as("a row is lost").containsExactly(1, 3);
            List<Integer> newerFromTheOlderOn = new ArrayList<>(after.ids());
            newerFromTheOlderOn.addAll(all);
            assertThatThrownBy(() -> assertEachOnce(newerFromTheOlderOn, fixture))
                    .isInstanceOf(AssertionError.class);
            assertThat(newerFromTheOlderOn).as("a row comes twice").containsExactly(1, 2, 2, 3);

            takeBootstrap(late);
            takeBootstrap(later);
            late.catchUp();
            assertEachOnce(ids(late), fixture);
            later.catchUp();
            assertEachOnce(ids(later), fixture);
        }
    }

    private static SourceFixture withTable(SourceFixture fixture) {
        fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
        fixture.publishAllTables();
        return fixture;
    }

    private static void takeBootstrap(Recorder recorder) {
        while (!(recorder.next() instanceof SourceEvent.BootstrapCompleted)) {
            // the rows
        }
    }

    private static void awaitSlotCreation(SourceFixture fixture) {
        Await.until(
                "a slot is being made, and waits for a transaction",
                () -> !fixture.server()
                        .query("SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted"
                                + " AND l.locktype = 'transactionid' AND a.application_name = 'drasi source'")
                        .isEmpty());
    }

    private static void assertEachOnce(List<Integer> seen, SourceFixture fixture) {
        List<Integer> ids = fixture.database().query(IDS).stream()
                .map(row -> Integer.valueOf(row.get(0)))
                .toList();
        assertThat(seen).containsExactlyInAnyOrderElementsOf(ids);
    }

    /** The ids in t that a subscriber has been given, each as often as it was. */
    private static List<Integer> ids(Recorder recorder) {
        List<SourceChange> changes = new ArrayList<>();
        for (SourceEvent event : recorder.events()) {
            if (event instanceof SourceEvent.BootstrapBatch batch) {
                changes.addAll(batch.rows());
            } else if (event instanceof SourceEvent.Transaction transaction) {
                transaction.changes().forEach(changes::add);
            }
        }
        List<Integer> ids = new ArrayList<>();
        for (SourceChange change : changes) {
            SourceChange.Insert insert = (SourceChange.Insert) change;
            if (insert.element().metadata().labels().contains("t")) {
                ids.add((int) ((ElementValue.IntegerValue)
                                insert.element().properties().get("id").orElseThrow())
                        .value());
            }
        }
        return ids;
    }

    /** Reads the table and a slot of its own with SQL, as one would who does not know better. */
    private static final class NaiveReader implements AutoCloseable {
        private static final String STREAM = "SELECT lsn, data FROM pg_logical_slot_get_changes('%s', NULL, NULL,"
                + " 'include-xids', '0', 'skip-empty-xacts', '1')";

        private final Database database;
        private final String slot = "naive_" + System.identityHashCode(this);
        private boolean created;

        /**
         * @param logEnd what {@code pg_current_wal_lsn()} said in the snapshot's transaction
         */
        record Snapshot(Lsn logEnd, List<Integer> ids) {}

        NaiveReader(Database database) {
            this.database = database;
        }

        void createSlot() {
            database.query("SELECT pg_create_logical_replication_slot('" + slot + "', 'test_decoding')");
            created = true;
        }

        Snapshot snapshot() throws SQLException {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
                Lsn logEnd;
                try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_lsn()")) {
                    row.next();
                    logEnd = Lsn.parse(row.getString(1));
                }
                List<Integer> ids = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery(IDS)) {
                    while (rows.next()) {
                        ids.add(rows.getInt(1));
                    }
                }
                return new Snapshot(logEnd, ids);
            }
        }

        List<Integer> streamed() {
            return streamedAfter(Lsn.INVALID);
        }

        /** The ids that transactions have inserted that ended after {@code lsn}. */
        List<Integer> streamedAfter(Lsn lsn) {
            List<Integer> ids = new ArrayList<>();
            List<Integer> open = new ArrayList<>();
            for (List<String> row : database.query(STREAM.formatted(slot))) {
                String data = row.get(1);
                if (data.startsWith("table public.t: INSERT: id[integer]:")) {
                    open.add(Integer.valueOf(data.substring(data.lastIndexOf(':') + 1)));
                } else if (data.startsWith("COMMIT")) {
                    if (Lsn.parse(row.get(0)).isAfter(lsn)) {
                        ids.addAll(open);
                    }
                    open.clear();
                }
            }
            return ids;
        }

        @Override
        public void close() {
            if (created) {
                database.query("SELECT pg_drop_replication_slot('" + slot + "')");
            }
        }
    }
}
