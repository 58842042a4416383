// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import java.util.List;
import java.util.Random;

/** Values of 16 KB, which the server stores out of line and leaves out of an update that does not touch them. */
class ToastIT {
    private static final String BIO = "x".repeat(16 * 1024);
    private static final String OTHER_BIO = "y".repeat(16 * 1024);

    @EachVersion
    void leavesAnUntouchedValueAbsent(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("INSERT INTO users VALUES (1, 'Ann', '" + BIO + "')");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "UPDATE users SET name = 'Bob'",
                    "UPDATE users SET bio = '" + OTHER_BIO + "'",
                    "UPDATE users SET name = NULL",
                    "UPDATE users SET bio = NULL");
            assertThat(shortened(recorder.allChanges()))
                    .containsExactly(
                            "update users:1 {id=1, name=\"Bob\"}",
                            "update users:1 {id=1, name=\"Bob\", bio=\"OTHER BIO\"}",
                            "update users:1 {id=1, name=null}",
                            "update users:1 {id=1, name=null, bio=null}");
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    @EachVersion
    void takesAnUntouchedValueFromTheOldRowWithReplicaIdentityFull(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("ALTER TABLE users REPLICA IDENTITY FULL");
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO users VALUES (1, 'Ann', '" + BIO + "')",
                    "UPDATE users SET name = 'Bob'",
                    "UPDATE users SET id = 2",
                    "DELETE FROM users");
            assertThat(shortened(recorder.allChanges()))
                    .containsExactly(
                            "insert users:1 {id=1, name=\"Ann\", bio=\"BIO\"}",
                            "update users:1 {id=1, name=\"Bob\", bio=\"BIO\"} before {id=1, name=\"Ann\", bio=\"BIO\"}",
                            "delete users:1 before {id=1, name=\"Bob\", bio=\"BIO\"}",
                            "insert users:2 {id=2, name=\"Bob\", bio=\"BIO\"} previously users:1",
                            "delete users:2 before {id=2, name=\"Bob\", bio=\"BIO\"}");
        }
    }

    @EachVersion
    void namesTheUntouchedValuesWhenTheKeyChanges(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("INSERT INTO users VALUES (1, 'Ann', '" + BIO + "')");
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute("UPDATE users SET id = 2", "UPDATE users SET id = 3, bio = 'short'");
            assertThat(shortened(recorder.allChanges()))
                    .containsExactly(
                            "delete users:1 before {id=1}",
                            "insert users:2 {id=2, name=\"Ann\"} previously users:1 unchanged [bio]",
                            "delete users:2 before {id=2}",
                            "insert users:3 {id=3, name=\"Ann\", bio=\"short\"} previously users:2");
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    /** The key lies out of line too; the server then sends it beside the new row, though it did not change. */
    @EachVersion
    void knowsTheRowWhoseUntouchedKeyIsStoredOutOfLine(int version) {
        String key = random(2400);
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE docs (name text, part int, n int, PRIMARY KEY (name, part))",
                    "ALTER TABLE docs ALTER COLUMN name SET STORAGE EXTERNAL");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "INSERT INTO docs VALUES ('" + key + "', 1, 1)",
                    "UPDATE docs SET n = 2",
                    "UPDATE docs SET part = 2",
                    "DELETE FROM docs");
            assertThat(fixture.database()
                            .queryOne(
                                    "SELECT pg_relation_size(reltoastrelid) > 0 FROM pg_class WHERE relname = 'docs'"))
                    .isEqualTo("t");
            assertThat(recorder.allChanges())
                    .extracting(change -> change.replace(key, "KEY"))
                    .containsExactly(
                            "insert docs:KEY_1 {name=\"KEY\", part=1, n=1}",
                            "update docs:KEY_1 {name=\"KEY\", part=1, n=2} before {name=\"KEY\", part=1}",
                            "delete docs:KEY_1 before {name=\"KEY\", part=1}",
                            "insert docs:KEY_2 {name=\"KEY\", part=2, n=2} previously docs:KEY_1",
                            "delete docs:KEY_2 before {name=\"KEY\", part=2}");
        }
    }

    @EachVersion
    void findsTheRowOfATableWithoutKeyByItsWholeContent(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE log (n int, text text)",
                    "ALTER TABLE log ALTER COLUMN text SET STORAGE EXTERNAL",
                    "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "INSERT INTO log VALUES (1, '" + BIO + "')", "UPDATE log SET n = 2", "INSERT INTO log VALUES (3)");
            fixture.execute("DELETE FROM log WHERE n = 2");
            List<SourceEvent> events = recorder.catchUp();
            TableMirror mirror = new TableMirror().withMultisets();
            mirror.apply(events);
            mirror.assertEqualsTable(fixture.database(), "log", "log");
            SourceEvent.Transaction update = (SourceEvent.Transaction) events.get(1);
            SourceChange.Insert insert =
                    (SourceChange.Insert) Recorder.placed(update).get(1).change();
            assertThat(insert.unchanged()).isEmpty();
            assertThat(insert.element().properties().toMap()).containsKey("text");
        }
    }

    private static SourceFixture users(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE TABLE users (id int PRIMARY KEY, name text, bio text)",
                "ALTER TABLE users ALTER COLUMN bio SET STORAGE EXTERNAL");
        fixture.publishAllTables();
        return fixture;
    }

    private static List<String> shortened(List<String> changes) {
        return changes.stream()
                .map(change -> change.replace(BIO, "BIO").replace(OTHER_BIO, "OTHER BIO"))
                .toList();
    }

    /** Letters that do not compress. */
    private static String random(int length) {
        return new Random(1)
                .ints(length, 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
