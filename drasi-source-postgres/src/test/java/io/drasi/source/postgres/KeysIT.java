// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.testkit.Await;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What element ids are made of, and what happens when the key of a row changes. */
class KeysIT {
    @EachVersion
    void joinsTheValuesOfACompositeKey(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE TABLE order_items (order_id int, product text, n int, PRIMARY KEY (order_id, product))")) {
            fixture.execute("INSERT INTO order_items VALUES (1001, 'a', 1)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .containsExactly("insert order_items:1001_a {order_id=1001, product=\"a\", n=1}");
            fixture.execute(
                    "INSERT INTO order_items VALUES (1001, 'b', 1)",
                    "UPDATE order_items SET n = 2 WHERE product = 'a'",
                    "DELETE FROM order_items WHERE product = 'b'");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert order_items:1001_b {order_id=1001, product=\"b\", n=1}",
                            "update order_items:1001_a {order_id=1001, product=\"a\", n=2}",
                            "delete order_items:1001_b before {order_id=1001, product=\"b\"}");
        }
    }

    @EachVersion
    void takesThePrimaryKeyInTheOrderOfItsIndex(int version) {
        try (SourceFixture fixture = published(version, "CREATE TABLE t (a int, b int, c int, PRIMARY KEY (c, a))")) {
            fixture.execute("INSERT INTO t VALUES (1, 2, 3)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:3_1 {a=1, b=2, c=3}");
            fixture.execute(
                    "INSERT INTO t VALUES (4, 5, 6)", "UPDATE t SET b = 0 WHERE a = 4", "DELETE FROM t WHERE a = 1");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert t:6_4 {a=4, b=5, c=6}",
                            "update t:6_4 {a=4, b=0, c=6}",
                            "delete t:3_1 before {a=1, c=3}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void leavesTheIncludedColumnsOfThePrimaryKeyOut(int version) {
        try (SourceFixture fixture = published(version, "CREATE TABLE t (a int, b int, PRIMARY KEY (a) INCLUDE (b))")) {
            fixture.execute("INSERT INTO t VALUES (1, 2)");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {a=1, b=2}");
            fixture.execute("UPDATE t SET b = 3");
            assertThat(recorder.changes()).containsExactly("update t:1 {a=1, b=3}");
        }
    }

    @EachVersion
    void takesConfiguredKeysInTheOrderGiven(int version) {
        for (String name : new String[] {"users", "public.users"}) {
            try (SourceFixture fixture =
                    published(version, "CREATE TABLE users (id int PRIMARY KEY, email text, realm text)")) {
                fixture.execute(
                        "ALTER TABLE users REPLICA IDENTITY FULL", "INSERT INTO users VALUES (1, 'ann@x', 'eu')");
                Recorder recorder = fixture.bootstrap(fixture.builder().addTableKey(name, "realm", "email"));
                assertThat(recorder.snapshot().readable())
                        .containsExactly("insert users:eu_ann@x {id=1, email=\"ann@x\", realm=\"eu\"}");
                fixture.execute("UPDATE users SET id = 2", "DELETE FROM users");
                assertThat(recorder.allChanges())
                        .containsExactly(
                                "update users:eu_ann@x {id=2, email=\"ann@x\", realm=\"eu\"}"
                                        + " before {id=1, email=\"ann@x\", realm=\"eu\"}",
                                "delete users:eu_ann@x before {id=2, email=\"ann@x\", realm=\"eu\"}");
            }
        }
    }

    @EachVersion
    void takesAConfiguredKeyThatTheReplicaIdentityCovers(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)",
                "CREATE UNIQUE INDEX users_email ON users (email)",
                "ALTER TABLE users REPLICA IDENTITY USING INDEX users_email")) {
            Recorder recorder = fixture.stream(fixture.builder().addTableKey("users", "email"));
            fixture.execute(
                    "INSERT INTO users VALUES (1, 'ann@x')",
                    "UPDATE users SET email = 'bob@x'",
                    "UPDATE users SET id = 2",
                    "DELETE FROM users");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:ann@x {id=1, email=\"ann@x\"}",
                            "delete users:ann@x before {email=\"ann@x\"}",
                            "insert users:bob@x {id=1, email=\"bob@x\"} previously users:ann@x",
                            "update users:bob@x {id=2, email=\"bob@x\"}",
                            "delete users:bob@x before {email=\"bob@x\"}");
        }
    }

    @EachVersion
    void refusesAConfiguredKeyThatADeleteDoesNotTell(int version) {
        try (SourceFixture fixture =
                published(version, "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)")) {
            PostgresReplicationSource source = fixture.source(fixture.builder().addTableKey("users", "email"));
            source.start();
            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            StatusChange status = source.status();
            assertThat(status.message().orElseThrow())
                    .contains("email", "users", "ALTER TABLE \"public\".\"users\" REPLICA IDENTITY FULL");
        }
    }

    @EachVersion
    void takesTheReplicaIdentityIndexWhenItDoesNotTellThePrimaryKey(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE TABLE users (id int PRIMARY KEY, realm text NOT NULL, email text NOT NULL)",
                "CREATE UNIQUE INDEX users_email ON users (email, realm)",
                "ALTER TABLE users REPLICA IDENTITY USING INDEX users_email")) {
            fixture.execute("INSERT INTO users VALUES (1, 'eu', 'ann@x')");
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .containsExactly("insert users:ann@x_eu {id=1, realm=\"eu\", email=\"ann@x\"}");
            fixture.execute("UPDATE users SET id = 2", "UPDATE users SET realm = 'us'", "DELETE FROM users");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "update users:ann@x_eu {id=2, realm=\"eu\", email=\"ann@x\"}",
                            "delete users:ann@x_eu before {realm=\"eu\", email=\"ann@x\"}",
                            "insert users:ann@x_us {id=2, realm=\"us\", email=\"ann@x\"} previously users:ann@x_eu",
                            "delete users:ann@x_us before {realm=\"us\", email=\"ann@x\"}");
        }
    }

    @EachVersion
    void takesTheReplicaIdentityIndexOfATableWithoutPrimaryKey(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE TABLE users (name text, email text NOT NULL)",
                "CREATE UNIQUE INDEX users_email ON users (email)",
                "ALTER TABLE users REPLICA IDENTITY USING INDEX users_email")) {
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO users VALUES ('Ann', 'ann@x')", "UPDATE users SET name = NULL", "DELETE FROM users");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert users:ann@x {name=\"Ann\", email=\"ann@x\"}",
                            "update users:ann@x {name=null, email=\"ann@x\"}",
                            "delete users:ann@x before {email=\"ann@x\"}");
        }
    }

    @EachVersion
    void deliversAChangedKeyAsDeleteAndInsert(int version) {
        try (SourceFixture fixture = published(version, "CREATE TABLE t (a int, b int, c text, PRIMARY KEY (a, b))")) {
            fixture.execute("INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute("UPDATE t SET b = b + 10");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(Recorder.readable(transaction))
                    .containsExactly(
                            "delete t:1_1 before {a=1, b=1}",
                            "insert t:1_11 {a=1, b=11, c=\"x\"} previously t:1_1",
                            "delete t:2_2 before {a=2, b=2}",
                            "insert t:2_12 {a=2, b=12, c=\"y\"} previously t:2_2");
            assertThat(Recorder.placed(transaction))
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(0L, 0L, 1L, 1L);
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "t", "t");
        }
    }

    @EachVersion
    void deliversAChangedKeyWithTheWholeOldRowWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = published(
                version, "CREATE TABLE t (a int PRIMARY KEY, c text)", "ALTER TABLE t REPLICA IDENTITY FULL")) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO t VALUES (1, 'x')", "UPDATE t SET a = 2, c = 'y'");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "insert t:1 {a=1, c=\"x\"}",
                            "delete t:1 before {a=1, c=\"x\"}",
                            "insert t:2 {a=2, c=\"y\"} previously t:1");
        }
    }

    @EachVersion
    void writesKeysOfAllKindsAsPostgresPrintsThem(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE TABLE n (k numeric(10, 2) PRIMARY KEY)",
                "CREATE TABLE u (k uuid PRIMARY KEY)",
                "CREATE TABLE b (k boolean PRIMARY KEY)",
                "CREATE TABLE y (k bytea PRIMARY KEY)",
                "CREATE TABLE d (k date, z timestamptz, PRIMARY KEY (k, z))",
                "CREATE TABLE c (k char(4) PRIMARY KEY)")) {
            String[] inserts = {
                "INSERT INTO n VALUES (1.5)",
                "INSERT INTO u VALUES ('550E8400-E29B-41D4-A716-446655440000')",
                "INSERT INTO b VALUES (true)",
                "INSERT INTO y VALUES ('\\x00ff')",
                "INSERT INTO d VALUES ('2024-02-29', '2024-02-29 01:00:00+01')",
                "INSERT INTO c VALUES ('ab')"
            };
            fixture.execute(inserts);
            Recorder recorder = fixture.bootstrap();
            String[] ids = {
                "n:1.50",
                "u:550e8400-e29b-41d4-a716-446655440000",
                "b:t",
                "y:\\\\x00ff",
                "d:2024-02-29_2024-02-29 00:00:00+00",
                "c:ab  "
            };
            assertThat(recorder.snapshot().rows())
                    .extracting(row -> row.element().metadata().reference().elementId())
                    .containsExactlyInAnyOrder(ids);
            for (String id : ids) {
                fixture.execute("DELETE FROM " + id.charAt(0));
                assertThat(recorder.changes().get(0)).startsWith("delete " + id + " before {");
            }
            fixture.execute(inserts);
            for (String id : ids) {
                assertThat(recorder.changes().get(0)).startsWith("insert " + id + " {");
            }
        }
    }

    @EachVersion
    void tellsTablesOfTheSameNameInTwoSchemasApart(int version) {
        try (SourceFixture fixture = published(
                version,
                "CREATE SCHEMA archive",
                "CREATE TABLE users (id int PRIMARY KEY, name text)",
                "CREATE TABLE archive.users (name text, id int PRIMARY KEY)")) {
            fixture.execute("INSERT INTO users VALUES (1, 'Ann')", "INSERT INTO archive.users VALUES ('Old Ann', 1)");
            Recorder recorder = fixture.bootstrap();
            Recorder.Snapshot snapshot = recorder.snapshot();
            assertThat(snapshot.started().labels()).containsExactlyInAnyOrder("archive.users", "users");
            assertThat(snapshot.readable())
                    .containsExactly(
                            "insert archive.users:1 {name=\"Old Ann\", id=1}", "insert users:1 {id=1, name=\"Ann\"}");
            fixture.execute("UPDATE users SET name = 'Bob'", "DELETE FROM archive.users");
            assertThat(recorder.allChanges())
                    .containsExactly("update users:1 {id=1, name=\"Bob\"}", "delete archive.users:1 before {id=1}");
        }
    }

    private static SourceFixture published(int version, String... tables) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(tables);
        fixture.publishAllTables();
        return fixture;
    }
}
