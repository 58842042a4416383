// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Who waits for a slot is told what that waits for, and how to end it. */
class SlotWaitIT {
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();

    @SomeVersion
    void namesTheSessionThatTheFirstSlotWaitsFor(int version) throws SQLException {
        try (SourceFixture fixture = withTable(version);
                Connection writer = fixture.database().connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("SET application_name = 'importer'");
            statement.execute("INSERT INTO t\n VALUES (2)");
            int pid = writer.unwrap(org.postgresql.PGConnection.class).getBackendPID();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            Await.untilAsserted("it says what it waits for", () -> {
                StatusChange status = source.status();
                assertThat(status.status()).isEqualTo(ComponentStatus.STARTING);
                assertThat(status.message().orElse(""))
                        .contains("waits for transaction", "of server process " + pid, "application 'importer'")
                        .contains("idle in transaction, last statement: INSERT INTO t VALUES (2)")
                        .contains("SELECT pg_terminate_backend(" + pid + ");");
            });
            writer.commit();
            assertThat(recorder.snapshot().rows()).hasSize(2);
        }
    }

    @SomeVersion
    void namesThePreparedTransactionThatALaterBootstrapWaitsFor(int version) {
        try (SourceFixture fixture = withTable(version);
                Logged logged = new Logged()) {
            Recorder first = fixture.stream();
            fixture.execute("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'it''s open'");
            Recorder late = fixture.record(
                    first.source(), SubscriptionSettings.forQuery("late").withBootstrap());
            Await.untilAsserted(
                    "it says what it waits for",
                    () -> assertThat(logged.messages())
                            .anySatisfy(message -> assertThat(message)
                                    .contains("waits for prepared transaction 'it''s open', open for")
                                    .contains("COMMIT PREPARED 'it''s open'; or ROLLBACK PREPARED 'it''s open';")));
            fixture.execute("COMMIT PREPARED 'it''s open'");
            assertThat(late.snapshot().rows()).hasSize(2);
        }
    }

    @SomeVersion
    void aListenerMayStopTheSourceWhenItHearsWhatItWaitsFor(int version) throws SQLException {
        try (SourceFixture fixture = withTable(version);
                Connection writer = fixture.database().connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO t VALUES (2)");
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder unused = fixture.record(source, BOOTSTRAP);
            source.addStatusListener(change -> {
                if (change.message().orElse("").contains("waits for transaction")) {
                    source.stop();
                }
            });
            source.start();
            Await.until("the source has stopped", () -> source.status().status() == ComponentStatus.STOPPED);
            Await.until("no thread is left", () -> SourceTraces.threads().isEmpty());
            writer.commit();
        }
    }

    private static SourceFixture withTable(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
        fixture.publishAllTables();
        return fixture;
    }
}
