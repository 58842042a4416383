// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Inserts, updates and deletes of rows with a key, and the transactions they come in. */
class RowChangesIT {
    private static final String USERS = "CREATE TABLE users (id int PRIMARY KEY, name text, age int)";

    @EachVersion
    void deliversInsertUpdateAndDelete(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().rows()).isEmpty();
            fixture.execute(
                    "INSERT INTO users VALUES (1, 'Ann', 30)",
                    "UPDATE users SET name = 'Bob' WHERE id = 1",
                    "DELETE FROM users WHERE id = 1");
            assertThat(recorder.changes()).containsExactly("insert users:1 {id=1, name=\"Ann\", age=30}");
            assertThat(recorder.changes()).containsExactly("update users:1 {id=1, name=\"Bob\", age=30}");
            assertThat(recorder.changes()).containsExactly("delete users:1 before {id=1}");
            assertThat(recorder.catchUp()).isEmpty();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    @EachVersion
    void namesTheSourceAndTheTableInEachElement(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO users VALUES (1, 'Ann', 30)", "DELETE FROM users");
            SourceChange.Insert insert = (SourceChange.Insert)
                    recorder.transaction().changes().iterator().next();
            assertThat(insert.element().metadata().reference().sourceId()).isEqualTo("source");
            assertThat(insert.element().metadata().labels()).containsExactly("users");
            SourceChange.Delete delete = (SourceChange.Delete)
                    recorder.transaction().changes().iterator().next();
            assertThat(delete.metadata().reference())
                    .isEqualTo(insert.element().metadata().reference());
            assertThat(delete.metadata().labels()).containsExactly("users");
        }
    }

    @EachVersion
    void deliversTheOldRowWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("ALTER TABLE users REPLICA IDENTITY FULL");
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO users VALUES (1, 'Ann', NULL)",
                    "UPDATE users SET name = 'Bob' WHERE id = 1",
                    "DELETE FROM users WHERE id = 1");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:1 {id=1, name=\"Ann\", age=null}",
                            "update users:1 {id=1, name=\"Bob\", age=null} before {id=1, name=\"Ann\", age=null}",
                            "delete users:1 before {id=1, name=\"Bob\", age=null}");
        }
    }

    @EachVersion
    void deliversNullSetByAnUpdateAsPresent(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO users VALUES (1, 'Ann', 30)", "UPDATE users SET name = NULL, age = NULL");
            recorder.transaction();
            assertThat(recorder.changes()).containsExactly("update users:1 {id=1, name=null, age=null}");
        }
    }

    @EachVersion
    void deliversTheRowsOfOneStatementTogetherAndInOrder(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO users SELECT i, 'u' || i, i FROM generate_series(1, 1000) AS i");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(transaction.size()).isEqualTo(1000);
            assertThat(Recorder.readable(transaction))
                    .isEqualTo(IntStream.rangeClosed(1, 1000)
                            .mapToObj(i -> "insert users:" + i + " {id=" + i + ", name=\"u" + i + "\", age=" + i + "}")
                            .toList());
            List<Recorder.Placed> placed = Recorder.placed(transaction);
            assertThat(placed)
                    .extracting(change -> change.position().ordinal())
                    .isEqualTo(LongStream.range(0, 1000).boxed().toList());
            assertThat(placed.subList(0, 999)).noneMatch(Recorder.Placed::last);
            assertThat(placed.get(999).last()).isTrue();
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @EachVersion
    void deliversTheStatementsOfATransactionTogetherAndInOrder(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("CREATE TABLE orders (id int PRIMARY KEY, user_id int)");
            Recorder recorder = fixture.stream();
            fixture.execute("""
                    BEGIN;
                    INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40);
                    INSERT INTO orders VALUES (7, 1);
                    UPDATE users SET age = 31 WHERE id = 1;
                    DELETE FROM users WHERE id = 2;
                    UPDATE users SET id = 3 WHERE id = 1;
                    COMMIT""");
            SourceEvent.Transaction transaction = recorder.transaction();
            List<Recorder.Placed> placed = Recorder.placed(transaction);
            assertThat(placed)
                    .extracting(change -> ReadableChange.of(change.change()))
                    .containsExactly(
                            "insert users:1 {id=1, name=\"Ann\", age=30}",
                            "insert users:2 {id=2, name=\"Bob\", age=40}",
                            "insert orders:7 {id=7, user_id=1}",
                            "update users:1 {id=1, name=\"Ann\", age=31}",
                            "delete users:2 before {id=2}",
                            "delete users:1 before {id=1}",
                            "insert users:3 {id=3, name=\"Ann\", age=31} previously users:1");
            assertThat(placed)
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 5L);
            assertThat(placed)
                    .extracting(Recorder.Placed::last)
                    .containsExactly(false, false, false, false, false, false, true);
            assertThat(placed)
                    .extracting(change -> change.position().commitLsn())
                    .containsOnly(transaction.commitLsn());
            assertThat(transaction.position()).isEqualTo(new Position(transaction.commitLsn(), 5));
            assertThat(new Lsn(transaction.endLsn()).isAfter(new Lsn(transaction.commitLsn())))
                    .isTrue();
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @EachVersion
    void deliversTransactionsInTheOrderOfTheirCommits(int version) throws SQLException {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            try (Connection first = fixture.database().connect();
                    Connection second = fixture.database().connect()) {
                first.setAutoCommit(false);
                second.setAutoCommit(false);
                first.createStatement().execute("INSERT INTO users VALUES (1)");
                second.createStatement().execute("INSERT INTO users VALUES (2)");
                first.createStatement().execute("INSERT INTO users VALUES (3)");
                second.commit();
                first.createStatement().execute("INSERT INTO users VALUES (4)");
                first.commit();
            }
            SourceEvent.Transaction earlier = recorder.transaction();
            SourceEvent.Transaction later = recorder.transaction();
            assertThat(Recorder.readable(earlier)).containsExactly("insert users:2 {id=2, name=null, age=null}");
            assertThat(Recorder.readable(later))
                    .containsExactly(
                            "insert users:1 {id=1, name=null, age=null}",
                            "insert users:3 {id=3, name=null, age=null}",
                            "insert users:4 {id=4, name=null, age=null}");
            assertThat(later.position()).isGreaterThan(earlier.position());
        }
    }

    @EachVersion
    void leavesOutWhatWasRolledBack(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("BEGIN; INSERT INTO users VALUES (1); ROLLBACK", """
                    BEGIN;
                    INSERT INTO users VALUES (2);
                    SAVEPOINT a;
                    INSERT INTO users VALUES (3), (4);
                    ROLLBACK TO a;
                    INSERT INTO users VALUES (5);
                    SAVEPOINT b;
                    INSERT INTO users VALUES (6);
                    RELEASE b;
                    COMMIT""");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(Recorder.readable(transaction))
                    .containsExactly(
                            "insert users:2 {id=2, name=null, age=null}",
                            "insert users:5 {id=5, name=null, age=null}",
                            "insert users:6 {id=6, name=null, age=null}");
            assertThat(Recorder.placed(transaction))
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(0L, 1L, 2L);
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    /** More than logical_decoding_work_mem: the server spills to disk, and from 18 on sends aborts of savepoints. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void leavesOutRolledBackSavepointsOfALargeTransaction(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("ALTER DATABASE " + fixture.database().name() + " SET logical_decoding_work_mem = '64kB'");
            Recorder recorder = fixture.stream();
            fixture.execute("""
                    BEGIN;
                    INSERT INTO users SELECT i, repeat('x', 100) FROM generate_series(1, 1000) AS i;
                    SAVEPOINT a;
                    INSERT INTO users SELECT i, repeat('x', 100) FROM generate_series(1001, 3000) AS i;
                    ROLLBACK TO a;
                    INSERT INTO users SELECT i, repeat('x', 100) FROM generate_series(3001, 4000) AS i;
                    COMMIT""");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(transaction.size()).isEqualTo(2000);
            assertThat(transaction.position().ordinal()).isEqualTo(1999);
            assertThat(recorder.catchUp()).isEmpty();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    @EachVersion
    void deliversNoEventForATransactionWithoutChanges(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute(
                    "DROP PUBLICATION drasi_publication", "CREATE PUBLICATION drasi_publication FOR TABLE users");
            fixture.execute("CREATE TABLE unpublished (id int PRIMARY KEY)");
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO unpublished VALUES (1)", "UPDATE users SET age = 1");
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @EachVersion
    void deliversWhatCopyConflictsCascadesAndTriggersWrite(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE)",
                    "CREATE FUNCTION copy_name() RETURNS trigger LANGUAGE plpgsql AS"
                            + " 'BEGIN UPDATE users SET name = NEW.id::text WHERE id = NEW.user_id; RETURN NULL; END'",
                    "CREATE TRIGGER copy_name AFTER INSERT ON orders FOR EACH ROW EXECUTE PROCEDURE copy_name()");
            Recorder recorder = fixture.stream();
            fixture.execute("COPY users (id) FROM PROGRAM 'seq 1 200'");
            SourceEvent.Transaction copied = recorder.transaction();
            assertThat(copied.size()).isEqualTo(200);
            assertThat(copied.position().ordinal()).isEqualTo(199);
            fixture.execute(
                    "INSERT INTO users VALUES (1), (201) ON CONFLICT (id) DO UPDATE SET age = 1",
                    "INSERT INTO users VALUES (1) ON CONFLICT DO NOTHING",
                    "INSERT INTO orders VALUES (7, 1)",
                    "DELETE FROM users WHERE id = 1");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "update users:1 {id=1, name=null, age=1}",
                            "insert users:201 {id=201, name=null, age=null}",
                            "insert orders:7 {id=7, user_id=1}",
                            "update users:1 {id=1, name=\"7\", age=1}",
                            "delete users:1 before {id=1}",
                            "delete orders:7 before {id=7}");
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    @EachVersion
    void deliversATransactionThatWasReplicatedFromElsewhere(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            String origin = "'" + fixture.slotName() + "'";
            fixture.execute(
                    "SELECT pg_replication_origin_create(" + origin + ")",
                    "SELECT pg_replication_origin_session_setup(" + origin + ")",
                    "INSERT INTO users VALUES (1)",
                    "SELECT pg_replication_origin_session_reset()",
                    "SELECT pg_replication_origin_drop(" + origin + ")");
            assertThat(recorder.allChanges()).containsExactly("insert users:1 {id=1, name=null, age=null}");
        }
    }

    @EachVersion
    void deliversAPreparedTransactionWhenItIsCommitted(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "BEGIN; INSERT INTO users VALUES (1), (2); PREPARE TRANSACTION 'kept'",
                    "BEGIN; INSERT INTO users VALUES (3); PREPARE TRANSACTION 'dropped'",
                    "INSERT INTO users VALUES (4)",
                    "ROLLBACK PREPARED 'dropped'",
                    "COMMIT PREPARED 'kept'");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:4 {id=4, name=null, age=null}",
                            "insert users:1 {id=1, name=null, age=null}",
                            "insert users:2 {id=2, name=null, age=null}");
        }
    }

    @EachVersion
    void takesEffectiveFromAndCommitTimeFromTheCommit(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("""
                    BEGIN;
                    INSERT INTO users VALUES (1, 'Ann', 30);
                    SELECT pg_sleep(0.05);
                    UPDATE users SET age = 31;
                    COMMIT""");
            List<String> committed = fixture.database()
                    .query("SELECT xmin, to_char(pg_xact_commit_timestamp(xmin) AT TIME ZONE 'UTC',"
                            + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM users")
                    .get(0);
            Instant commitTime = Instant.parse(committed.get(1));
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(transaction.xid()).isEqualTo(Long.parseLong(committed.get(0)));
            assertThat(transaction.commitTime()).isEqualTo(commitTime);
            long nanos = TimeUnit.SECONDS.toNanos(commitTime.getEpochSecond()) + commitTime.getNano();
            List<Recorder.Placed> changes = Recorder.placed(transaction);
            SourceChange.Insert insert = (SourceChange.Insert) changes.get(0).change();
            SourceChange.Update update = (SourceChange.Update) changes.get(1).change();
            assertThat(insert.element().metadata().effectiveFrom()).isEqualTo(nanos);
            assertThat(update.element().metadata().effectiveFrom()).isEqualTo(nanos);
        }
    }

    @EachVersion
    void rebuildsATableFromManyTransactions(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("INSERT INTO users SELECT i, 'u' || i, i FROM generate_series(1, 50) AS i");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().rows()).hasSize(50);
            for (int i = 0; i < 60; i++) {
                fixture.execute(
                        "BEGIN",
                        "INSERT INTO users SELECT 100 + " + i + " * 3 + g, 'n' || g, g FROM generate_series(0, 2) AS g",
                        "UPDATE users SET age = age + 1 WHERE id % 7 = " + i % 7,
                        "UPDATE users SET id = id + 10000 WHERE id % 31 = " + i % 31 + " AND id < 10000",
                        "DELETE FROM users WHERE id % 13 = " + i % 13,
                        i % 5 == 4 ? "ROLLBACK" : "COMMIT");
            }
            recorder.catchUp();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    private static SourceFixture users(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(USERS);
        fixture.publishAllTables();
        return fixture;
    }
}
