// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that keeps no more than so much log for a slot, and a bootstrap that takes longer than that. */
class LostSlotIT {
    private static final String TEMPORARY = "FROM pg_replication_slots WHERE temporary";

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void endsABootstrapThatLosesItsSlotThreeTimesWhileTheOthersGoOn(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .setting("max_slot_wal_keep_size", "48MB")
                        .setting("min_wal_size", "32MB")
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            fixture.execute(
                    "CREATE TABLE large AS SELECT i AS id, repeat('x', 8000) AS text FROM generate_series(1, 2500) AS i",
                    "ALTER TABLE large ADD PRIMARY KEY (id)",
                    "CREATE TABLE marks (id serial PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder().withBootstrapBatchSize(20));
            source.start();
            try (MirroringFollower early = new MirroringFollower(
                    source.subscribe(SubscriptionSettings.forQuery("early").withLabels("marks")))) {
                String walsender = SourceTraces.awaitWalsender(fixture);
                Recorder late = fixture.record(
                        source, SubscriptionSettings.forQuery("late").withBootstrap());
                for (int loss = 1; loss <= 3; loss++) {
                    awaitStarted(late);
                    loseTemporarySlot(fixture);
                }
                assertThatThrownBy(() -> awaitStarted(late))
                        .isInstanceOf(PositionUnavailableException.class)
                        .hasMessageContaining("a bootstrap lost its slot 3 times in a row")
                        .hasMessageContaining("Raise max_slot_wal_keep_size");
                assertThat(late.tidings())
                        .filteredOn(SourceEvent.BootstrapDelayed.class::isInstance)
                        .allMatch(event -> event.toString().contains("max_slot_wal_keep_size"));
                fixture.execute("INSERT INTO marks DEFAULT VALUES");
                early.catchUp(fixture.database(), java.util.List.of("marks"));
                assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
                SourceTraces.awaitSlots(fixture, fixture.slotName());
            }
        }
    }

    private static void awaitStarted(Recorder late) {
        while (!(late.next() instanceof SourceEvent.BootstrapStarted)) {
            // of the one before
        }
    }

    /** In small steps, so that the other slot is always near the end. */
    private static void loseTemporarySlot(SourceFixture fixture) {
        Await.until("the temporary slot is lost", () -> {
            String before = fixture.server().queryOne("SELECT pg_current_wal_lsn()");
            fixture.execute(
                    "DO $$ BEGIN FOR i IN 1..8 LOOP PERFORM pg_logical_emit_message(false, 'x', repeat('x', 1000000));"
                            + " END LOOP; END $$",
                    "INSERT INTO marks DEFAULT VALUES",
                    "CHECKPOINT");
            Await.until(
                    "the other slot has come along",
                    () -> fixture.server()
                            .queryOne("SELECT restart_lsn > '" + before
                                    + "' FROM pg_replication_slots WHERE NOT temporary AND slot_type = 'logical'")
                            .equals("t"));
            return fixture.server().query("SELECT 1 " + TEMPORARY).isEmpty();
        });
    }
}
