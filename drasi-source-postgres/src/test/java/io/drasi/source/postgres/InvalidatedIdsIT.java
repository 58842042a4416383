// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import java.util.List;

/** Schema changes that give the rows of a table other element ids. */
class InvalidatedIdsIT {
    @SomeVersion
    void bootstrapsAgainWhenAColumnChangesTheIdsOfATableWithoutAKey(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE log (level int, text text)", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.execute("INSERT INTO log SELECT i, 'x' FROM generate_series(1, 50) AS i");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "INSERT INTO log VALUES (51, 'y')",
                    "ALTER TABLE log ADD COLUMN added int DEFAULT 7",
                    "BEGIN; DELETE FROM log WHERE level <= 5; INSERT INTO log VALUES (52, 'z', 1); COMMIT");
            awaitSecondBootstrap(recorder);
            fixture.execute("DELETE FROM log WHERE level BETWEEN 10 AND 20", "INSERT INTO log VALUES (53, 'z', 2)");
            recorder.catchUp();
            TableMirror mirror = new TableMirror().withMultisets();
            mirror.apply(recorder.events());
            mirror.assertEqualsTable(fixture.database(), "log", "log");
            assertThat(changes(recorder)).singleElement().satisfies(change -> {
                assertThat(change.idsInvalidated()).isTrue();
                assertThat(change.changes()).containsExactly("column \"added\" was added");
            });
        }
    }

    @SomeVersion
    void bootstrapsAgainWhenATableGetsAPrimaryKey(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE log (id int, text text)", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.execute("INSERT INTO log SELECT i, 'x' FROM generate_series(1, 10) AS i");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "ALTER TABLE log ADD PRIMARY KEY (id)",
                    "ALTER TABLE log REPLICA IDENTITY DEFAULT",
                    "UPDATE log SET text = 'y' WHERE id = 3");
            awaitSecondBootstrap(recorder);
            fixture.execute("DELETE FROM log WHERE id = 4");
            recorder.catchUp();
            TableMirror mirror = TableMirror.of(recorder.events());
            mirror.assertEqualsTable(fixture.database(), "log", "log");
            assertThat(changes(recorder).get(0).changes().toString()).contains("now made of [id]");
        }
    }

    /** The stream that it joins has not seen the table in between, and takes it for unchanged. */
    @SomeVersion
    void bootstrapsALateOneAgainThatHasSeenATableWithoutTheKeyWhichItHasAgain(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int NOT NULL, text text, CONSTRAINT k PRIMARY KEY (id))",
                    "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 3) AS i",
                    "CREATE TABLE other (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder first = fixture.bootstrap();
            first.snapshot();
            fixture.execute("UPDATE t SET text = 'y' WHERE id = 1");
            first.catchUp();
            fixture.execute("ALTER TABLE t DROP CONSTRAINT k");
            Recorder late = fixture.record(
                    first.source(), SubscriptionSettings.forQuery("late").withBootstrap());
            assertThat(late.snapshot().rows()).hasSize(3);
            late.catchUp();
            fixture.execute("ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id)", "UPDATE t SET text = 'z' WHERE id = 2");
            awaitSecondBootstrap(late);
            fixture.execute("DELETE FROM t WHERE id = 3");
            late.catchUp();
            TableMirror.of(late.events()).assertEqualsTable(fixture.database(), "t", "t");
            first.catchUp();
            TableMirror.of(first.events()).assertEqualsTable(fixture.database(), "t", "t");
            assertThat(changes(first)).as("it knows of nothing").isEmpty();
        }
    }

    /** The blanks that pad a char(n) are part of its text. */
    @SomeVersion
    void bootstrapsAgainWhenAKeyColumnGetsATypeWhoseValuesLookOtherwise(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE codes (code char(4) PRIMARY KEY)", "INSERT INTO codes VALUES ('a'), ('b')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).first().asString().startsWith("insert codes:a    {");
            fixture.execute("ALTER TABLE codes ALTER code TYPE varchar(4)", "INSERT INTO codes VALUES ('c')");
            awaitSecondBootstrap(recorder);
            fixture.execute("DELETE FROM codes WHERE code = 'a'");
            recorder.catchUp();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "codes", "codes");
        }
    }

    @SomeVersion
    void bootstrapsAgainWhenAColumnOfATableWithoutAKeyGetsAnotherScale(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE log (n numeric(10,2))", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.execute("INSERT INTO log VALUES (1), (2)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute("ALTER TABLE log ALTER n TYPE numeric(10,4)", "INSERT INTO log VALUES (3)");
            awaitSecondBootstrap(recorder);
            fixture.execute("DELETE FROM log WHERE n = 1");
            recorder.catchUp();
            TableMirror mirror = new TableMirror().withMultisets();
            mirror.apply(recorder.events());
            mirror.assertEqualsTable(fixture.database(), "log", "log");
        }
    }

    @SomeVersion
    void doesNotBootstrapAgainForAKeyThatOnlyGetsWider(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int, name varchar(10), PRIMARY KEY (id, name))",
                    "INSERT INTO users VALUES (1, 'Ada')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "ALTER TABLE users ALTER id TYPE bigint, ALTER name TYPE text", "DELETE FROM users WHERE id = 1");
            recorder.catchUp();
            assertThat(recorder.events())
                    .filteredOn(SourceEvent.BootstrapStarted.class::isInstance)
                    .hasSize(1);
            assertThat(changes(recorder)).singleElement().satisfies(change -> {
                assertThat(change.idsInvalidated()).isFalse();
                assertThat(change.changes()).hasSize(2);
            });
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "users", "users");
        }
    }

    /** The server tells nothing of it: it is noticed when a row comes with the new label. */
    @SomeVersion
    void bootstrapsAgainWhenALabelOfAnEnumInTheIdsIsRenamed(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE mood AS ENUM ('happy', 'sad')",
                    "CREATE DOMAIN feeling AS mood",
                    "CREATE TABLE log (level int, m feeling)",
                    "ALTER TABLE log REPLICA IDENTITY FULL",
                    "CREATE TABLE keyed (m mood PRIMARY KEY, n int)",
                    "CREATE TABLE other (id int PRIMARY KEY, m mood)",
                    "INSERT INTO log VALUES (1, 'sad'), (2, 'happy')",
                    "INSERT INTO keyed VALUES ('happy', 1), ('sad', 2)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            // So that the stream has described the tables before.
            fixture.execute(
                    "INSERT INTO log VALUES (3, NULL)",
                    "INSERT INTO other VALUES (1, 'sad')",
                    "UPDATE keyed SET n = 3 WHERE m = 'happy'");
            recorder.catchUp();
            fixture.execute(
                    "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
                    "UPDATE log SET level = 4 WHERE level = 2",
                    "BEGIN; DELETE FROM log WHERE level = 1; UPDATE keyed SET n = 5 WHERE m = 'blue'; COMMIT");
            awaitSecondBootstrap(recorder);
            fixture.execute("DELETE FROM log WHERE level = 3", "DELETE FROM keyed WHERE m = 'blue'");
            recorder.catchUp();
            TableMirror mirror = new TableMirror().withMultisets();
            mirror.apply(recorder.events());
            for (String table : List.of("log", "keyed", "other")) {
                mirror.assertEqualsTable(fixture.database(), table, table);
            }
            assertThat(changes(recorder)).singleElement().satisfies(change -> {
                assertThat(change.label()).isIn("log", "keyed"); // the bootstrap that it asks for is for both
                assertThat(change.idsInvalidated()).isTrue();
                assertThat(change.changes()).containsExactly("labels of an enum in the element ids were renamed: sad");
            });
        }
    }

    @SomeVersion
    void doesNotBootstrapAgainForALabelThatIsAdded(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE mood AS ENUM ('happy', 'sad')",
                    "CREATE TABLE keyed (m mood PRIMARY KEY)",
                    "INSERT INTO keyed VALUES ('happy')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute("ALTER TYPE mood ADD VALUE 'so so' BEFORE 'sad'", "INSERT INTO keyed VALUES ('so so')");
            assertThat(recorder.allChanges()).containsExactly("insert keyed:so so {m=\"so so\"}");
        }
    }

    /** Whoever asks then whether one can go on without a bootstrap is told no, also after a crash. */
    @SomeVersion
    void marksTheSlotWhileABootstrapBesideItIsOwed(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE log (level int)", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            PostgresReplicationSource source = recorder.source();
            Await.until("the first bootstrap is settled", source::slotExists);
            Recorder late =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap(), false);
            Recorder.Snapshot unconfirmed = late.snapshot();
            assertThat(unconfirmed.rows()).isEmpty();
            assertThat(source.slotExists()).isFalse();
            source.stop();
            assertThat(source.slotExists()).isFalse();
            String beginning = fixture.confirmedFlushLsn().orElseThrow().toString();
            Recorder again =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            source.start();
            again.snapshot();
            Await.until("the bootstrap is settled", source::slotExists);
            assertThat(fixture.confirmedFlushLsn().orElseThrow())
                    .as("the slot was kept")
                    .isGreaterThanOrEqualTo(Lsn.parse(beginning));
        }
    }

    @SomeVersion
    void keepsTheMarkThoughTheOneThatIsOwedIsClosedFirstWhenItsProgramEnds(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            fixture.stream().source().close();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Recorder owed =
                    fixture.record(source, SubscriptionSettings.forQuery("q").withBootstrap(), false)) {
                source.start();
                owed.snapshot();
                assertThat(source.slotExists()).isFalse();
            }
            SourceTraces.awaitNoWalsender(fixture);
            source.close();
            assertThat(source.slotExists()).isFalse();
        }
    }

    @SomeVersion
    void onlyAnnouncesItToASubscriptionThatBeganWithoutABootstrap(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE log (level int)", "ALTER TABLE log REPLICA IDENTITY FULL");
            fixture.publishAllTables();
            Recorder recorder = fixture.start(fixture.builder(), SubscriptionSettings.forQuery("changes"));
            fixture.execute(
                    "INSERT INTO log VALUES (1)",
                    "ALTER TABLE log ADD COLUMN added int",
                    "INSERT INTO log VALUES (2, 3)");
            recorder.catchUp();
            assertThat(recorder.events())
                    .noneMatch(SourceEvent.BootstrapStarted.class::isInstance)
                    .filteredOn(SourceEvent.Transaction.class::isInstance)
                    .hasSize(2);
            assertThat(changes(recorder)).hasSize(1);
        }
    }

    private static void awaitSecondBootstrap(Recorder recorder) {
        SourceEvent event = recorder.next();
        while (!(event instanceof SourceEvent.BootstrapCompleted)) {
            event = recorder.next();
        }
    }

    private static List<SourceEvent.SchemaChanged> changes(Recorder recorder) {
        return recorder.events().stream()
                .filter(SourceEvent.SchemaChanged.class::isInstance)
                .map(SourceEvent.SchemaChanged.class::cast)
                .toList();
    }
}
