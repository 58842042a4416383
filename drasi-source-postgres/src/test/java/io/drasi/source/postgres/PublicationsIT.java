// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a publication publishes, and which part of it the configuration takes: the same in snapshot and stream. */
class PublicationsIT {
    private static final String[] PARTITIONED = {
        "CREATE TABLE sales (day int, id int, amount int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        "CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE sales_2 (amount int, id int NOT NULL, day int NOT NULL)",
        "ALTER TABLE sales ATTACH PARTITION sales_2 FOR VALUES FROM (100) TO (200)",
        "INSERT INTO sales VALUES (1, 1, 10), (101, 2, 20)"
    };

    @Test
    void takesOnlyTheColumnsOfAColumnList() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, secret text, name text)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users (name, id)",
                    "INSERT INTO users VALUES (1, 's', 'Ann')");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert users:1 {id=1, name=\"Ann\"}");
            fixture.execute(
                    "INSERT INTO users VALUES (2, 's', 'Bob')",
                    "UPDATE users SET secret = 't' WHERE id = 1",
                    "DELETE FROM users");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:2 {id=2, name=\"Bob\"}",
                            "update users:1 {id=1, name=\"Ann\"}",
                            "delete users:2 before {id=2}",
                            "delete users:1 before {id=1}");
        }
    }

    @Test
    void takesOnlyTheRowsOfARowFilter() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, age int)",
                    "ALTER TABLE users REPLICA IDENTITY FULL",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users WHERE (age >= 18 OR age IS NULL)",
                    "INSERT INTO users VALUES (1, 17), (2, 18), (3, NULL)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .containsExactly("insert users:2 {id=2, age=18}", "insert users:3 {id=3, age=null}");
            fixture.execute(
                    "INSERT INTO users VALUES (4, 5), (5, 50)",
                    "UPDATE users SET age = 18 WHERE id = 1",
                    "UPDATE users SET age = 17 WHERE id = 2",
                    "UPDATE users SET age = 16 WHERE id = 2");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:5 {id=5, age=50}",
                            "insert users:1 {id=1, age=18}",
                            "delete users:2 before {id=2, age=18}");
        }
    }

    @Test
    void takesTheTablesOfASchema() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute(
                    "CREATE SCHEMA shop",
                    "CREATE TABLE shop.users (id int PRIMARY KEY)",
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "CREATE PUBLICATION drasi_publication FOR TABLES IN SCHEMA shop",
                    "INSERT INTO shop.users VALUES (1)",
                    "INSERT INTO users VALUES (2)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert shop.users:1 {id=1}");
            fixture.execute("DELETE FROM users", "DELETE FROM shop.users");
            assertThat(recorder.allChanges()).containsExactly("delete shop.users:1 before {id=1}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void publishesPartitionsUnderTheNameOfTheirRoot(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(PARTITIONED);
            fixture.execute(
                    "CREATE PUBLICATION drasi_publication FOR TABLE sales WITH (publish_via_partition_root = true)");
            Recorder recorder = fixture.bootstrap();
            Recorder.Snapshot snapshot = recorder.snapshot();
            assertThat(snapshot.started().labels()).containsExactly("sales");
            assertThat(snapshot.readable())
                    .containsExactly(
                            "insert sales:1_1 {day=1, id=1, amount=10}",
                            "insert sales:2_101 {day=101, id=2, amount=20}");
            fixture.execute(
                    "INSERT INTO sales VALUES (2, 3, 30), (102, 4, 40)",
                    "UPDATE sales SET amount = 21 WHERE id = 2",
                    "UPDATE sales SET day = 150 WHERE id = 3",
                    "DELETE FROM sales WHERE id = 4");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert sales:3_2 {day=2, id=3, amount=30}",
                            "insert sales:4_102 {day=102, id=4, amount=40}",
                            "update sales:2_101 {day=101, id=2, amount=21}",
                            "delete sales:3_2 before {day=2, id=3}",
                            "insert sales:3_150 {day=150, id=3, amount=30}",
                            "delete sales:4_102 before {day=102, id=4}");
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "sales", "sales");
        }
    }

    /** What the server keeps to itself then is said at the start. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void warnsOfWhatIsNotToldOfThePartitionsOfARoot(int version) {
        try (SourceFixture fixture = SourceFixture.on(version);
                Logged log = new Logged()) {
            fixture.execute(PARTITIONED);
            fixture.execute(
                    "CREATE PUBLICATION drasi_publication FOR TABLE sales WITH (publish_via_partition_root = true)");
            Recorder recorder = fixture.stream();
            assertThat(log.messages())
                    .filteredOn(
                            message -> message.contains("the server does not tell of a TRUNCATE of a single partition"))
                    .singleElement()
                    .asString()
                    .contains("table sales is published for its partitions");
            String partition = fixture.database()
                    .queryOne("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'sales'::regclass LIMIT 1");
            fixture.execute("TRUNCATE " + partition);
            assertThat(recorder.allChanges()).as("that is so").isEmpty();
            fixture.execute("TRUNCATE sales");
            assertThat(recorder.allChanges()).containsExactly("truncate [sales]");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void publishesPartitionsUnderTheirOwnNames(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(PARTITIONED);
            fixture.execute("CREATE PUBLICATION drasi_publication FOR TABLE sales");
            ownNames(fixture);
        }
    }

    /** A partition does not take over the replica identity of its root; the server sends its old rows as if it had. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void takesNothingForNullThatAPartitionDoesNotTell(int version) {
        String bio = "x".repeat(16 * 1024);
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, name text, bio text) PARTITION BY RANGE (id)",
                    "CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (100)",
                    "CREATE TABLE users_2 PARTITION OF users FOR VALUES FROM (100) TO (200)",
                    "ALTER TABLE users_1 ALTER COLUMN bio SET STORAGE EXTERNAL",
                    "ALTER TABLE users_2 ALTER COLUMN bio SET STORAGE EXTERNAL",
                    "ALTER TABLE users REPLICA IDENTITY FULL",
                    "ALTER TABLE users_2 REPLICA IDENTITY FULL",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users WITH (publish_via_partition_root = true)",
                    "INSERT INTO users VALUES (1, 'Ann', '" + bio + "'), (101, 'Bob', '" + bio + "')");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "UPDATE users SET id = 2 WHERE id = 1",
                    "UPDATE users SET id = 102 WHERE id = 101",
                    "UPDATE users SET name = 'Cid' WHERE id = 102",
                    "DELETE FROM users WHERE id = 2",
                    "DELETE FROM users WHERE id = 102");
            assertThat(recorder.allChanges())
                    .extracting(change -> change.replace(bio, "BIO"))
                    .containsExactly(
                            "delete users:1 before {id=1}",
                            "insert users:2 {id=2, name=\"Ann\"} previously users:1 unchanged [bio]",
                            "delete users:101 before {id=101}",
                            "insert users:102 {id=102, name=\"Bob\"} previously users:101 unchanged [bio]",
                            "update users:102 {id=102, name=\"Cid\"} before {id=102}",
                            "delete users:2 before {id=2}",
                            "delete users:102 before {id=102}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void noticesThatANewPartitionDoesNotTellWholeOldRows(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, name text) PARTITION BY RANGE (id)",
                    "CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (100)",
                    "ALTER TABLE users REPLICA IDENTITY FULL",
                    "ALTER TABLE users_1 REPLICA IDENTITY FULL",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users WITH (publish_via_partition_root = true)",
                    "INSERT INTO users VALUES (1, 'Ann')");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute("UPDATE users SET name = 'Bob'");
            assertThat(recorder.changes())
                    .containsExactly("update users:1 {id=1, name=\"Bob\"} before {id=1, name=\"Ann\"}");
            fixture.execute(
                    "CREATE TABLE users_2 PARTITION OF users FOR VALUES FROM (100) TO (200)",
                    "INSERT INTO users VALUES (101, 'Cid')",
                    "DELETE FROM users");
            SourceEvent.SchemaChanged changed = recorder.next(SourceEvent.SchemaChanged.class);
            assertThat(changed.changes()).containsExactly("replica identity FULL became INDEX");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:101 {id=101, name=\"Cid\"}",
                            "delete users:1 before {id=1}",
                            "delete users:101 before {id=101}");
        }
    }

    @Test
    void publishesPartitionsOfPostgres10UnderTheirOwnNames() {
        try (SourceFixture fixture = SourceFixture.on(10)) {
            fixture.execute(
                    "CREATE TABLE sales (day int, id int, amount int) PARTITION BY RANGE (day)",
                    "CREATE TABLE sales_1 PARTITION OF sales (PRIMARY KEY (id, day)) FOR VALUES FROM (0) TO (100)",
                    "CREATE TABLE sales_2 (amount int, id int NOT NULL, day int NOT NULL, PRIMARY KEY (id, day))",
                    "ALTER TABLE sales ATTACH PARTITION sales_2 FOR VALUES FROM (100) TO (200)",
                    "INSERT INTO sales VALUES (1, 1, 10), (101, 2, 20)");
            fixture.publishAllTables();
            ownNames(fixture);
        }
    }

    private static void ownNames(SourceFixture fixture) {
        Recorder recorder = fixture.bootstrap();
        Recorder.Snapshot snapshot = recorder.snapshot();
        assertThat(snapshot.started().labels()).containsExactlyInAnyOrder("sales_1", "sales_2");
        assertThat(snapshot.readable())
                .containsExactly(
                        "insert sales_1:1_1 {day=1, id=1, amount=10}",
                        "insert sales_2:2_101 {amount=20, id=2, day=101}");
        fixture.execute("INSERT INTO sales VALUES (2, 3, 30)", "UPDATE sales SET amount = 21 WHERE id = 2");
        assertThat(recorder.allChanges())
                .containsExactly(
                        "insert sales_1:3_2 {day=2, id=3, amount=30}",
                        "update sales_2:2_101 {amount=21, id=2, day=101}");
        TableMirror mirror = TableMirror.of(recorder.events());
        mirror.assertEqualsTable(fixture.database(), "sales_1", "sales_1");
        mirror.assertEqualsTable(fixture.database(), "sales_2", "sales_2");
    }

    @SomeVersion
    void keepsInheritanceChildrenApart(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE city (name text PRIMARY KEY)",
                    "CREATE TABLE capital (state text, PRIMARY KEY (name)) INHERITS (city)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE city",
                    "INSERT INTO city VALUES ('Ulm')",
                    "INSERT INTO capital VALUES ('Kiel', 'SH')");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .containsExactly(
                            "insert capital:Kiel {name=\"Kiel\", state=\"SH\"}", "insert city:Ulm {name=\"Ulm\"}");
            fixture.execute("UPDATE city SET name = upper(name)");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "delete city:Ulm before {name=\"Ulm\"}",
                            "insert city:ULM {name=\"ULM\"} previously city:Ulm",
                            "delete capital:Kiel before {name=\"Kiel\"}",
                            "insert capital:KIEL {name=\"KIEL\", state=\"SH\"} previously capital:Kiel");
        }
    }

    @SomeVersion
    void leavesInheritanceChildrenOutThatAreNotPublished(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE city (name text PRIMARY KEY)",
                    "CREATE TABLE capital (state text, PRIMARY KEY (name)) INHERITS (city)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE ONLY city",
                    "INSERT INTO city VALUES ('Ulm')",
                    "INSERT INTO capital VALUES ('Kiel', 'SH')");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert city:Ulm {name=\"Ulm\"}");
            fixture.execute("DELETE FROM city");
            assertThat(recorder.allChanges()).containsExactly("delete city:Ulm before {name=\"Ulm\"}");
        }
    }

    @SomeVersion
    void takesOnlyTheConfiguredTablesAndCountsOrdinalsBefore(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE a (id int PRIMARY KEY)",
                    "CREATE TABLE b (id int PRIMARY KEY)",
                    "INSERT INTO a VALUES (1)",
                    "INSERT INTO b VALUES (1)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap(fixture.builder().withTables("public.b"));
            Recorder.Snapshot snapshot = recorder.snapshot();
            assertThat(snapshot.started().labels()).containsExactly("b");
            assertThat(snapshot.readable()).containsExactly("insert b:1 {id=1}");
            fixture.execute(
                    "INSERT INTO a VALUES (2)",
                    "BEGIN; INSERT INTO a VALUES (3); INSERT INTO b VALUES (4); UPDATE a SET id = 5 WHERE id = 3;"
                            + " INSERT INTO b VALUES (6); INSERT INTO a VALUES (7); COMMIT");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(transaction.size()).isEqualTo(2);
            assertThat(Recorder.readable(transaction)).containsExactly("insert b:4 {id=4}", "insert b:6 {id=6}");
            assertThat(Recorder.placed(transaction))
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(1L, 3L);
            assertThat(Recorder.placed(transaction))
                    .extracting(Recorder.Placed::last)
                    .containsExactly(false, true);
            assertThat(transaction.position()).isEqualTo(new Position(transaction.commitLsn(), 4));
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void deliversOnlyTheKindsOfChangesThatArePublished(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE log (n int)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE log WITH (publish = 'insert')");
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO log VALUES (1)",
                    "UPDATE log SET n = 2",
                    "DELETE FROM log",
                    "INSERT INTO log VALUES (3)");
            assertThat(recorder.allChanges())
                    .extracting(change -> change.replaceAll("log:\\S+", "ID"))
                    .containsExactly("insert ID {n=1}", "insert ID {n=3}");
        }
    }

    @SomeVersion
    void leavesOutWhatHasNoLog(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE a (id int PRIMARY KEY)", "CREATE UNLOGGED TABLE u (id int PRIMARY KEY)");
            fixture.execute("CREATE VIEW v AS TABLE a", "CREATE MATERIALIZED VIEW m AS TABLE a", "CREATE SEQUENCE s");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().started().labels()).containsExactly("a");
            fixture.execute(
                    "CREATE TEMP TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
                    "INSERT INTO u VALUES (2)",
                    "REFRESH MATERIALIZED VIEW m; SELECT nextval('s')");
            assertThat(recorder.allChanges()).isEmpty();
            fixture.execute("INSERT INTO v VALUES (4)");
            assertThat(recorder.allChanges()).containsExactly("insert a:4 {id=4}");
        }
    }

    @SomeVersion
    void followsTablesThatAreAddedAndDropped(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE a (id int PRIMARY KEY)",
                    "CREATE TABLE b (id int PRIMARY KEY)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE a");
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO b VALUES (1)",
                    "ALTER PUBLICATION drasi_publication ADD TABLE b",
                    "INSERT INTO b VALUES (2)",
                    "ALTER PUBLICATION drasi_publication DROP TABLE a",
                    "INSERT INTO a VALUES (3)");
            assertThat(recorder.allChanges()).containsExactly("insert b:2 {id=2}");
        }
    }
}
