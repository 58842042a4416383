// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SourceEvent.SchemaChanged;
import io.drasi.model.SubscriptionSettings;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables that are altered while their rows are streamed. */
class SchemaChangesIT {
    @EachVersion
    void announcesAnAddedColumnBeforeTheFirstRowThatHasIt(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute(
                    "INSERT INTO users VALUES (2, 'Bob')",
                    "ALTER TABLE users ADD COLUMN age int DEFAULT 18",
                    "INSERT INTO users VALUES (3, 'Cid', 40)",
                    "UPDATE users SET name = 'Ann B.' WHERE id = 1");
            assertThat(recorder.changes()).containsExactly("insert users:2 {id=2, name=\"Bob\"}");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(changed.label()).isEqualTo("users");
            assertThat(changed.previousLabel()).isEmpty();
            assertThat(changed.columns()).containsExactly("id", "name", "age");
            assertThat(changed.changes()).containsExactly("column \"age\" was added");
            assertThat(changed.idsInvalidated()).isFalse();
            assertThat(changed.position()).isEqualTo(Position.before(transaction.commitLsn()));
            assertThat(Recorder.readable(transaction)).containsExactly("insert users:3 {id=3, name=\"Cid\", age=40}");
            assertThat(recorder.allChanges()).containsExactly("update users:1 {id=1, name=\"Ann B.\", age=18}");
        }
    }

    @EachVersion
    void readsRowsOfTwoShapesInOneTransaction(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute("""
                    BEGIN;
                    INSERT INTO users VALUES (2, 'Bob');
                    ALTER TABLE users ADD COLUMN age int;
                    INSERT INTO users VALUES (3, 'Cid', 40);
                    ALTER TABLE users DROP COLUMN name;
                    INSERT INTO users VALUES (4, 50);
                    COMMIT""");
            SchemaChanged added = recorder.next(SchemaChanged.class);
            SchemaChanged dropped = recorder.next(SchemaChanged.class);
            assertThat(added.columns()).containsExactly("id", "name", "age");
            assertThat(dropped.columns()).containsExactly("id", "age");
            assertThat(dropped.changes()).containsExactly("column \"name\" was dropped");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(Recorder.readable(transaction))
                    .containsExactly(
                            "insert users:2 {id=2, name=\"Bob\"}",
                            "insert users:3 {id=3, name=\"Cid\", age=40}",
                            "insert users:4 {id=4, age=50}");
            assertThat(transaction.position().ordinal()).isEqualTo(2);
            assertThat(dropped.position()).isEqualTo(Position.before(transaction.commitLsn()));
        }
    }

    @SomeVersion
    void announcesAChangeOnceThoughTheServerSendsItAgain(int version) {
        try (SourceFixture fixture = users(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("q"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(
                    "INSERT INTO users VALUES (2, 'Bob')",
                    "ALTER TABLE users ADD COLUMN age int",
                    "INSERT INTO users VALUES (3, 'Cid', 40)",
                    "ALTER TABLE users DROP COLUMN name",
                    "INSERT INTO users VALUES (4, 50)");
            recorder.catchUp();
            List<SourceEvent> before = List.copyOf(recorder.events());
            assertThat(before).filteredOn(SchemaChanged.class::isInstance).hasSize(2);
            fixture.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
                    + fixture.slotName() + "'");
            fixture.execute("INSERT INTO users VALUES (5, 60)");
            assertThat(recorder.changes()).containsExactly("insert users:5 {id=5, age=60}");
            Recorder resuming = fixture.record(
                    source,
                    SubscriptionSettings.forQuery("resuming")
                            .withResumeFrom(((SourceEvent.Transaction) before.get(0)).position()));
            resuming.catchUp();
            assertThat(resuming.events())
                    .filteredOn(SchemaChanged.class::isInstance)
                    .hasSize(2);
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void announcesADroppedColumn(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute("ALTER TABLE users DROP COLUMN name", "UPDATE users SET id = id", "DELETE FROM users");
            assertThat(recorder.next(SchemaChanged.class).changes()).containsExactly("column \"name\" was dropped");
            assertThat(recorder.allChanges()).containsExactly("update users:1 {id=1}", "delete users:1 before {id=1}");
        }
    }

    @SomeVersion
    void readsTheSnapshotOfATableWithDroppedColumns(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute(
                    "ALTER TABLE users ADD COLUMN gone int DEFAULT 7, ADD COLUMN age int DEFAULT 18",
                    "ALTER TABLE users DROP COLUMN gone");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert users:1 {id=1, name=\"Ann\", age=18}");
            fixture.execute("UPDATE users SET age = 19");
            assertThat(recorder.allChanges()).containsExactly("update users:1 {id=1, name=\"Ann\", age=19}");
        }
    }

    @EachVersion
    void announcesARenamedColumn(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute("ALTER TABLE users RENAME COLUMN name TO full_name", "UPDATE users SET full_name = 'Bob'");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            assertThat(changed.columns()).containsExactly("id", "full_name");
            assertThat(changed.changes())
                    .containsExactlyInAnyOrder("column \"full_name\" was added", "column \"name\" was dropped");
            assertThat(changed.idsInvalidated()).isFalse();
            assertThat(recorder.allChanges()).containsExactly("update users:1 {id=1, full_name=\"Bob\"}");
        }
    }

    @SomeVersion
    void announcesARenamedKeyColumn(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = streaming(fixture, "UPDATE users SET id = id");
            fixture.execute("ALTER TABLE users RENAME COLUMN id TO user_id", "DELETE FROM users");
            assertThat(recorder.next(SchemaChanged.class).columns()).containsExactly("user_id", "name");
            assertThat(recorder.allChanges()).containsExactly("delete users:1 before {user_id=1}");
        }
    }

    @EachVersion
    void announcesAChangedTypeAndDeliversNothingOfTheRewrite(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, n int)",
                    "INSERT INTO t SELECT i, i FROM generate_series(1, 100) AS i");
            fixture.publishAllTables();
            Recorder recorder = bootstrapped(fixture);
            fixture.execute(
                    "ALTER TABLE t ALTER COLUMN n TYPE text USING 'n' || n", "UPDATE t SET n = n || '!' WHERE id = 7");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            assertThat(changed.columns()).containsExactly("id", "n");
            assertThat(changed.changes()).containsExactly("column \"n\" changed its type");
            assertThat(recorder.allChanges()).containsExactly("update t:7 {id=7, n=\"n7!\"}");
        }
    }

    @SomeVersion
    void announcesARenamedTable(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = streaming(fixture, "UPDATE users SET id = id");
            fixture.execute("ALTER TABLE users RENAME TO people", "UPDATE people SET name = 'Bob'");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            assertThat(changed.label()).isEqualTo("people");
            assertThat(changed.previousLabel()).contains("users");
            assertThat(changed.idsInvalidated()).isTrue();
            assertThat(recorder.allChanges()).containsExactly("update people:1 {id=1, name=\"Bob\"}");
        }
    }

    @SomeVersion
    void announcesThatIdsAreMadeOfAnotherKey(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = streaming(fixture, "UPDATE users SET id = id");
            fixture.execute(
                    "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (name)",
                    "UPDATE users SET id = 5 WHERE name = 'Ann'");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            assertThat(changed.idsInvalidated()).isTrue();
            assertThat(changed.changes()).containsExactly("element ids were made of [id] and are now made of [name]");
            assertThat(recorder.allChanges()).containsExactly("update users:Ann {id=5, name=\"Ann\"}");
        }
    }

    @SomeVersion
    void announcesThatTheIdsOfATableWithoutKeyChangeWithItsColumns(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE log (n int)", "INSERT INTO log VALUES (0)", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = streaming(fixture, "UPDATE log SET n = n");
            fixture.execute("ALTER TABLE log ADD COLUMN text text", "INSERT INTO log VALUES (1)");
            assertThat(recorder.next(SchemaChanged.class).idsInvalidated()).isTrue();
            assertThat(recorder.catchUp()).hasSize(1);
        }
    }

    @EachVersion
    void announcesAnotherReplicaIdentity(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute("ALTER TABLE users REPLICA IDENTITY FULL", "DELETE FROM users");
            SchemaChanged changed = recorder.next(SchemaChanged.class);
            assertThat(changed.changes()).containsExactly("replica identity DEFAULT became FULL");
            assertThat(changed.idsInvalidated()).isFalse();
            assertThat(recorder.allChanges()).containsExactly("delete users:1 before {id=1, name=\"Ann\"}");
        }
    }

    @SomeVersion
    void announcesNothingWhenTheShapeStaysTheSame(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute(
                    "UPDATE users SET name = 'Bob'",
                    "CREATE INDEX users_name ON users (name)",
                    "ANALYZE users",
                    "VACUUM FULL users",
                    "CLUSTER users USING users_name",
                    "COMMENT ON TABLE users IS 'people'",
                    "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'x', ALTER COLUMN name SET NOT NULL",
                    "CREATE TABLE other (id int PRIMARY KEY)",
                    "UPDATE users SET name = 'Cid'");
            assertThat(recorder.allChanges())
                    .containsExactly("update users:1 {id=1, name=\"Bob\"}", "update users:1 {id=1, name=\"Cid\"}");
        }
    }

    @SomeVersion
    void announcesOnlyTablesThatAreWanted(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "CREATE TABLE left_out (id int PRIMARY KEY)",
                    "INSERT INTO orders VALUES (1)");
            Recorder recorder = bootstrapped(fixture, "users", "orders");
            Recorder users = fixture.record(
                    recorder.source(), SubscriptionSettings.forQuery("users").withLabels("users"));
            fixture.execute(
                    "ALTER TABLE left_out ADD COLUMN n int",
                    "INSERT INTO left_out VALUES (1)",
                    "ALTER TABLE orders ADD COLUMN n int",
                    "DELETE FROM orders");
            assertThat(recorder.next(SchemaChanged.class).label()).isEqualTo("orders");
            assertThat(recorder.allChanges()).containsExactly("delete orders:1 before {id=1}");
            assertThat(users.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void streamsTablesThatAreCreatedLater(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = bootstrapped(fixture);
            fixture.execute("CREATE TABLE orders (n int, id int PRIMARY KEY)", "INSERT INTO orders VALUES (1, 2)");
            assertThat(recorder.allChanges()).containsExactly("insert orders:2 {n=1, id=2}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void leavesGeneratedColumnsOutOfSnapshotAndStream(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, name text)",
                    "INSERT INTO t VALUES (1, DEFAULT, 'a')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {id=1, name=\"a\"}");
            fixture.execute("INSERT INTO t VALUES (2, DEFAULT, 'b')", "UPDATE t SET name = 'c' WHERE id = 1");
            assertThat(recorder.allChanges())
                    .containsExactly("insert t:2 {id=2, name=\"b\"}", "update t:1 {id=1, name=\"c\"}");
        }
    }

    @Test
    void deliversStoredGeneratedColumnsWhenThePublicationSaysSo() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED,"
                            + " thrice int GENERATED ALWAYS AS (id * 3) VIRTUAL)",
                    "INSERT INTO t VALUES (1)",
                    "CREATE PUBLICATION drasi_publication FOR ALL TABLES WITH (publish_generated_columns = stored)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {id=1, twice=2}");
            fixture.execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.allChanges()).containsExactly("insert t:2 {id=2, twice=4}");
        }
    }

    private static SourceFixture users(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY, name text)", "INSERT INTO users VALUES (1, 'Ann')");
        fixture.publishAllTables();
        return fixture;
    }

    /** Streams without a bootstrap, so that a change of ids makes no new one; the change makes the table known. */
    private static Recorder streaming(SourceFixture fixture, String change) {
        Recorder recorder = fixture.stream();
        fixture.execute(change);
        recorder.transaction();
        return recorder;
    }

    private static Recorder bootstrapped(SourceFixture fixture, String... tables) {
        Recorder recorder = fixture.bootstrap(fixture.builder().withTables(tables));
        recorder.snapshot();
        return recorder;
    }
}
