// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.query.Sql;
import io.drasi.testkit.PostgresServer;
import java.util.List;

/** Names and key values that need quoting somewhere: in SQL, in the protocol, in labels or in element ids. */
class NamesIT {
    @EachVersion
    void keepsMixedCaseQuotedAndNonAsciiNames(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE SCHEMA \"My Schema\"",
                    "CREATE TABLE \"Größen Tabelle\" (\"Größe\" int PRIMARY KEY, \"select\" text, \"quo\"\"ted 'x'\" text)",
                    "CREATE TABLE \"My Schema\".\"Users\" (\"Id\" int PRIMARY KEY, id int)",
                    "INSERT INTO \"Größen Tabelle\" VALUES (1, 'a', 'b')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            Recorder.Snapshot snapshot = recorder.snapshot();
            assertThat(snapshot.started().labels()).containsExactlyInAnyOrder("Größen Tabelle", "My Schema.Users");
            assertThat(snapshot.readable())
                    .containsExactly("insert Größen Tabelle:1 {Größe=1, select=\"a\", quo\"ted 'x'=\"b\"}");
            fixture.execute(
                    "UPDATE \"Größen Tabelle\" SET \"select\" = 'z'",
                    "INSERT INTO \"My Schema\".\"Users\" VALUES (5, 6)",
                    "DELETE FROM \"Größen Tabelle\"");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "update Größen Tabelle:1 {Größe=1, select=\"z\", quo\"ted 'x'=\"b\"}",
                            "insert My Schema.Users:5 {Id=5, id=6}",
                            "delete Größen Tabelle:1 before {Größe=1}");
        }
    }

    @EachVersion
    void takesConfiguredTablesAndKeysAsPostgresStoresThem(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE SCHEMA \"My Schema\"",
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "CREATE TABLE \"Users\" (id int PRIMARY KEY)",
                    "CREATE TABLE \"My Schema\".\"Users\" (\"Id\" int PRIMARY KEY, id int)",
                    "ALTER TABLE \"My Schema\".\"Users\" REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream(fixture.builder()
                    .withTables("Users", "My Schema.Users")
                    .addTableKey("My Schema.Users", "id", "Id"));
            fixture.execute(
                    "INSERT INTO users VALUES (1)",
                    "INSERT INTO \"Users\" VALUES (2)",
                    "INSERT INTO \"My Schema\".\"Users\" VALUES (3, 4)");
            assertThat(recorder.allChanges())
                    .containsExactly("insert Users:2 {id=2}", "insert My Schema.Users:4_3 {Id=3, id=4}");
        }
    }

    @EachVersion
    void escapesSeparatorsInLabels(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE SCHEMA \"s.1\"",
                    "CREATE TABLE \"a.b:c\\d_e\" (id int PRIMARY KEY)",
                    "CREATE TABLE \"s.1\".t (id int PRIMARY KEY)",
                    "CREATE TABLE other (id int PRIMARY KEY)");
            fixture.publishAllTables();
            String label = "a\\.b\\:c\\\\d_e";
            Recorder recorder = fixture.start(
                    fixture.builder().withTables(label, "s\\.1.t"),
                    SubscriptionSettings.forQuery("q").withLabels("public." + label, "s\\.1.t"));
            fixture.execute(
                    "INSERT INTO \"a.b:c\\d_e\" VALUES (1)",
                    "INSERT INTO other VALUES (2)",
                    "INSERT INTO \"s.1\".t VALUES (3)");
            SourceChange.Insert insert = (SourceChange.Insert)
                    recorder.transaction().changes().iterator().next();
            assertThat(insert.element().metadata().labels()).containsExactly(label);
            assertThat(insert.element().metadata().reference().elementId()).isEqualTo(label + ":1");
            assertThat(recorder.changes()).containsExactly("insert s\\.1.t:3 {id=3}");
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @EachVersion
    void escapesSeparatorsInKeyValues(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE one (k text PRIMARY KEY)", "CREATE TABLE two (a text, b text, PRIMARY KEY (a, b))");
            fixture.publishAllTables();
            fixture.execute(
                    "INSERT INTO one VALUES ('a_b\\c:d.e')",
                    "INSERT INTO two VALUES ('a_b', 'c'), ('a', 'b_c'), ('\\', '_'), ('', ''), ('x:y', 'z.z')");
            String[] ids = {"one:a_b\\\\c:d.e", "two:a\\_b_c", "two:a_b\\_c", "two:\\\\_\\_", "two:_", "two:x:y_z.z"};
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().rows())
                    .extracting(row -> row.element().metadata().reference().elementId())
                    .containsExactlyInAnyOrder(ids);
            fixture.execute("DELETE FROM one", "DELETE FROM two");
            assertThat(recorder.allChanges())
                    .extracting(change -> change.substring("delete ".length(), change.indexOf(" before")))
                    .containsExactly(ids);
        }
    }

    @EachVersion
    void tellsNullInAKeyFromText(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (a text, b text)", "ALTER TABLE t REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            fixture.execute("INSERT INTO t VALUES (NULL, 'x'), ('\\N', 'x'), (NULL, NULL), ('', NULL)");
            Recorder recorder = fixture.bootstrap(fixture.builder().addTableKey("t", "a", "b"));
            String[] ids = {"t:\\N_x", "t:\\\\N_x", "t:\\N_\\N", "t:_\\N"};
            assertThat(recorder.snapshot().rows())
                    .extracting(row -> row.element().metadata().reference().elementId())
                    .containsExactlyInAnyOrder(ids);
            fixture.execute("UPDATE t SET b = 'y' WHERE a IS NULL AND b = 'x'", "DELETE FROM t WHERE a = '\\N'");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "delete t:\\N_x before {a=null, b=\"x\"}",
                            "insert t:\\N_y {a=null, b=\"y\"} previously t:\\N_x",
                            "delete t:\\\\N_x before {a=\"\\N\", b=\"x\"}");
        }
    }

    @EachVersion
    void readsAPublicationWhoseNameNeedsQuotes(int version) {
        String publication = "Pub, \"größe\" 'x' \\";
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE PUBLICATION " + Sql.identifier(publication) + " FOR TABLE t");
            Recorder recorder = fixture.bootstrap(fixture.builder().withPublicationName(publication));
            recorder.snapshot();
            fixture.execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
        }
    }

    @EachVersion
    void logsInWithNamesAndAPasswordThatNeedQuotes(int version) {
        String database = "Daten \"bank\" 'ö' \\ x";
        String user = "Us er \"x\" 'ö' \\";
        String password = "  pass word'\" \\äß€=;  ";
        try (PostgresServer server = PostgresServer.builder(version)
                        .setting("password_encryption", "scram-sha-256")
                        .hba("host all all 127.0.0.1/32 scram-sha-256")
                        .start();
                SourceFixture fixture = SourceFixture.on(server, database)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            fixture.publishAllTables();
            fixture.execute(
                    "CREATE ROLE " + Sql.identifier(user) + " LOGIN REPLICATION PASSWORD " + Sql.literal(password),
                    "GRANT SELECT ON t TO " + Sql.identifier(user));
            Recorder recorder =
                    fixture.bootstrap(fixture.builder().withUser(user).withPassword(password));
            assertThat(recorder.snapshot().readable()).isEqualTo(List.of("insert t:1 {id=1}"));
            fixture.execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            assertThat(recorder.source().properties().toString()).doesNotContain(password.strip());
        }
    }
}
