// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.testkit.Await;

/** Slots and positions that don't fit together: the source stops instead of going on from somewhere else. */
class TamperedSlotIT {
    private static final SubscriptionSettings STREAM = SubscriptionSettings.forQuery(SourceFixture.QUERY_ID);

    @SomeVersion
    void stopsWhenItsSlotWasMadeAgainWhileItWasReconnecting(int version) {
        assertStopsAfter(
                version,
                "PERFORM pg_drop_replication_slot('%1$s'); PERFORM pg_create_logical_replication_slot('%1$s', 'pgoutput');");
    }

    @SomeVersion
    void stopsWhenSomebodyElseHasReadFromItsSlot(int version) {
        assertStopsAfter(
                version,
                "PERFORM count(*) FROM pg_logical_slot_get_binary_changes('%1$s', NULL, NULL, 'proto_version', '1',"
                        + " 'publication_names', 'drasi_publication');");
    }

    private static void assertStopsAfter(int version, String tampering) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, STREAM, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)");
            recorder.transaction();
            tamper(fixture, tampering);
            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            StatusChange status = source.status();
            assertThat(status.cause().orElseThrow())
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("\"" + fixture.slotName() + "\" stands at ")
                    .hasMessageContaining("Start again with a bootstrap");
        }
    }

    /** Between the end of the source's walsender and its next attempt. */
    private static void tamper(SourceFixture fixture, String tampering) {
        fixture.execute("DO $$ BEGIN FOR i IN 1 .. 1000 LOOP BEGIN"
                + " PERFORM pg_terminate_backend(active_pid), pg_sleep(0.005) FROM pg_replication_slots"
                + " WHERE slot_name = '" + fixture.slotName() + "' AND active; "
                + tampering.formatted(fixture.slotName())
                + " RETURN; EXCEPTION WHEN object_in_use THEN NULL; END; END LOOP; END $$");
    }

    @SomeVersion
    void refusesAPositionOfALongerLog(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            PostgresReplicationSource source = recorder.source();
            Position beyond = new Position(Lsn.parse("FFFF/0").value(), 0);
            Recorder early =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withResumeFrom(beyond));
            assertRefused(early);
            fixture.execute("INSERT INTO users VALUES (1)");
            assertThat(recorder.changes()).hasSize(1);
            source.stop();
            Recorder late = fixture.record(
                    source, SubscriptionSettings.forQuery("early").withResumeFrom(beyond));
            source.start();
            assertRefused(late);
        }
    }

    private static void assertRefused(Recorder recorder) {
        Await.untilAsserted(
                "it is refused",
                () -> assertThat(failure(recorder))
                        .isInstanceOf(PositionUnavailableException.class)
                        .hasMessageContaining("can't go on from FFFF/0:0: the server's log ends at "));
    }

    private static Throwable failure(Recorder recorder) {
        try {
            return new AssertionError("no failure: " + recorder.subscription().poll(java.time.Duration.ZERO));
        } catch (RuntimeException e) {
            return e;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
