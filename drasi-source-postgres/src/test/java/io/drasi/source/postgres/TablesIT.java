// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import java.util.List;

/** Tables that come, go and change places while the source runs. */
class TablesIT {
    @EachVersion
    void bootstrapsATableThatTookTheNameOfAnother(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, text text)",
                    "INSERT INTO t VALUES (1, 'old')",
                    "CREATE TABLE t_new (id int PRIMARY KEY, text text)",
                    "INSERT INTO t_new VALUES (1, 'new'), (2, 'new')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap(fixture.builder().withTables("t"));
            recorder.snapshot();
            fixture.execute(
                    "BEGIN; ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t; COMMIT",
                    "INSERT INTO t VALUES (3, 'new')");
            SourceEvent event = recorder.next();
            while (!(event instanceof SourceEvent.BootstrapCompleted)) {
                event = recorder.next();
            }
            fixture.execute("DELETE FROM t WHERE id = 2", "INSERT INTO t_old VALUES (9, 'not read')");
            recorder.catchUp();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "t", "t");
        }
    }

    @EachVersion
    void makesTheIdsOfADeferrablePrimaryKeyInSnapshotAndStream(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (a text, id int PRIMARY KEY DEFERRABLE)", "INSERT INTO t VALUES ('x', 1)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().rows())
                    .extracting(row -> row.element().metadata().reference().elementId())
                    .containsExactly("t:1");
            fixture.execute("INSERT INTO t VALUES ('y', 2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {a=\"y\", id=2}");
        }
    }

    @EachVersion
    void readsAPublicationWhateverItsName(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "INSERT INTO t VALUES (1)",
                    "CREATE PUBLICATION \"a WHERE 'b\" FOR ALL TABLES");
            Recorder recorder = fixture.bootstrap(fixture.builder().withPublicationName("a WHERE 'b"));
            assertThat(recorder.snapshot()
                            .rows()
                            .get(0)
                            .element()
                            .properties()
                            .names()
                            .asList())
                    .containsExactly("id");
            fixture.execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    @EachVersion
    void knowsATableThatWasPublishedMeanwhile(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE TABLE u (id int PRIMARY KEY)",
                    "CREATE PUBLICATION " + SourceFixture.PUBLICATION + " FOR TABLE t");
            Recorder first = fixture.stream();
            PostgresReplicationSource source = first.source();
            assertThatThrownBy(() ->
                            source.subscribe(SubscriptionSettings.forQuery("u").withLabels("u")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("it has: t");
            fixture.execute("ALTER PUBLICATION " + SourceFixture.PUBLICATION + " ADD TABLE u");
            Recorder second =
                    fixture.record(source, SubscriptionSettings.forQuery("u").withLabels("u"));
            fixture.execute("INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (2)");
            assertThat(second.changes()).containsExactly("insert u:2 {id=2}");
        }
    }

    @EachVersion
    void keepsTheOthersWhenTheBootstrapOfANewQueryFails(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE ROLE reader_" + version + " LOGIN REPLICATION",
                    "GRANT USAGE ON SCHEMA public TO reader_" + version);
            fixture.publishAllTables();
            Recorder first = fixture.stream(fixture.builder().withUser("reader_" + version));
            PostgresReplicationSource source = first.source();
            Recorder second = fixture.record(
                    source, SubscriptionSettings.forQuery("bootstrap").withBootstrap());
            assertThatThrownBy(second::next).isInstanceOf(SetupException.class).hasMessageContaining("GRANT SELECT");
            fixture.execute("INSERT INTO t VALUES (1)");
            assertThat(first.changes()).containsExactly("insert t:1 {id=1}");
            assertThat(source.status().status()).isEqualTo(ComponentStatus.RUNNING);
        }
    }

    @EachVersion
    void refusesToGoOnWithoutTheSlotHoweverOftenItIsAsked(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            SubscriptionSettings resuming =
                    SubscriptionSettings.forQuery("q").withResumeFrom(new io.drasi.model.Position(100, 0));
            source.start();
            for (int i = 0; i < 3; i++) {
                Recorder recorder = fixture.record(source, resuming);
                assertThatThrownBy(recorder::next).isInstanceOf(PositionUnavailableException.class);
            }
            assertThat(fixture.confirmedFlushLsn()).isEmpty();
            assertThat(List.of(ComponentStatus.RUNNING, ComponentStatus.STARTING))
                    .contains(source.status().status());
        }
    }
}
