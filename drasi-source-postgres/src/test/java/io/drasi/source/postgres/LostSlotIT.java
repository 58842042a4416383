// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that keeps no more than so much log for a slot, and a bootstrap that takes longer than that. */
class LostSlotIT {
    private static final long LIMIT = 64L * 1024 * 1024;
    private static final String[] TABLES = {"marks"};

    /** It would take the slot of all with it. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = 18)
    void givesUpABootstrapThreeTimesBeforeTheServerGivesUpTheSlotOfTheOthers(int version) {
        try (PostgresServer server = server(version);
                Logged logged = new Logged();
                SourceFixture fixture = SourceFixture.on(server)) {
            createTables(fixture);
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(20).withDispatchBufferCapacity(3));
            MirroringFollower early = new MirroringFollower(source.subscribe(
                    SubscriptionSettings.forQuery("early").withBootstrap().withLabels("marks")));
            source.start();
            early.catchUp(fixture.database(), List.of(TABLES));
            String walsender = SourceTraces.awaitWalsender(fixture);
            Recorder late =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            for (int time = 1; time <= 3; time++) {
                awaitStarted(late);
                write(fixture);
            }
            assertThatThrownBy(() -> awaitStarted(late))
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("a bootstrap was given up 3 times in a row")
                    .hasMessageContaining("Raise max_slot_wal_keep_size");
            assertThat(logged.messages())
                    .filteredOn(text -> text.contains("a bootstrap was given up, it begins again in"))
                    .hasSize(2);
            fixture.execute("INSERT INTO marks DEFAULT VALUES");
            early.catchUp(fixture.database(), List.of(TABLES));
            assertThat(SourceTraces.awaitWalsender(fixture))
                    .as("the others have noticed nothing")
                    .isEqualTo(walsender);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
            early.close();
        }
    }

    /** Else the slot could not come along for which the first one waits. */
    @Test
    void letsGoOfOneThatComesWhileAnotherThatWasGivenUpWaits() {
        try (PostgresServer server = server(18);
                SourceFixture fixture = SourceFixture.on(server)) {
            createTables(fixture);
            PostgresReplicationSource source = fixture.source(fixture.builder().withBootstrapBatchSize(20));
            MirroringFollower early = new MirroringFollower(source.subscribe(
                    SubscriptionSettings.forQuery("early").withBootstrap().withLabels("marks")));
            source.start();
            early.catchUp(fixture.database(), List.of(TABLES));
            Recorder late =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            awaitStarted(late);
            awaitGivenUp(fixture);
            Recorder another = fixture.record(
                    source, SubscriptionSettings.forQuery("another").withBootstrap());
            awaitSlot(fixture);
            late.close();
            awaitStarted(another);
            another.close();
            SourceTraces.awaitSlots(fixture, fixture.slotName());
            early.catchUp(fixture.database(), List.of(TABLES));
            early.close();
        }
    }

    /** It stood when the later one was given up, as that was asked for before the first was confirmed. */
    @Test
    void takesTheMarkerOfTheFirstBootstrapAwayWhenThoseWhoWantedALaterOneHaveGone() {
        try (PostgresServer server = server(18);
                SourceFixture fixture = SourceFixture.on(server)) {
            createTables(fixture);
            PostgresReplicationSource source = fixture.source(fixture.builder().withBootstrapBatchSize(20));
            Recorder early = fixture.record(
                    source,
                    SubscriptionSettings.forQuery("early").withBootstrap().withLabels("marks"),
                    false);
            source.start();
            SourceEvent.BootstrapCompleted first = early.snapshot().completed();
            Recorder late =
                    fixture.record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            awaitStarted(late);
            early.confirm(first);
            assertThat(SourceTraces.slots(fixture)).contains(fixture.slotName() + "_bootstrapping");
            awaitGivenUp(fixture);
            late.close();
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    /** What it has a position of may have committed while no log was kept for it. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void refusesPositionsFromBeforeAfterACrashInTheMeantime(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE marks (id serial PRIMARY KEY)", "INSERT INTO marks DEFAULT VALUES");
            fixture.publishAllTables();
            Recorder first = fixture.stream();
            fixture.execute("INSERT INTO marks DEFAULT VALUES", "INSERT INTO marks DEFAULT VALUES");
            Position position = first.transaction().position();
            first.catchUp();
            Await.until("all is confirmed", () -> first.source().confirmedLsn().value() > position.commitLsn());
            first.source().close();
            fixture.execute("SELECT pg_create_physical_replication_slot('" + fixture.slotName() + "_given_up')");
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder resuming = fixture.record(
                    source, SubscriptionSettings.forQuery("resuming").withResumeFrom(position));
            Recorder other = fixture.record(
                    source, SubscriptionSettings.forQuery("other").withBootstrap());
            source.start();
            assertThatThrownBy(resuming::next)
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("was given up");
            assertThat(other.snapshot().rows()).hasSize(3);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    private static PostgresServer server(int version) {
        return PostgresServer.builder(version)
                .setting("max_slot_wal_keep_size", "64MB")
                .setting("min_wal_size", "32MB")
                .start();
    }

    private static void createTables(SourceFixture fixture) {
        fixture.execute(
                "CREATE TABLE large AS SELECT i AS id, repeat('x', 8000) AS text FROM generate_series(1, 2500) AS i",
                "ALTER TABLE large ADD PRIMARY KEY (id)",
                "CREATE TABLE marks (id serial PRIMARY KEY)");
        fixture.publishAllTables();
    }

    private static void awaitStarted(Recorder late) {
        while (!(late.next() instanceof SourceEvent.BootstrapStarted)) {
            // of the one before
        }
    }

    /** Until the bootstrap is given up, and then until the slot of all has come along. */
    private static void write(SourceFixture fixture) {
        awaitGivenUp(fixture);
        awaitSlot(fixture);
    }

    private static void awaitSlot(SourceFixture fixture) {
        Await.until("the slot of all has come along", () -> {
            fixture.execute("INSERT INTO marks DEFAULT VALUES", "CHECKPOINT");
            return safeSize(fixture) > LIMIT * 3 / 4;
        });
    }

    private static void awaitGivenUp(SourceFixture fixture) {
        String temporary = temporarySlots(fixture);
        Await.until("it is given up", () -> {
            // The slot may come along a little after that, to where the bootstrap holds it: then more is needed.
            if (safeSize(fixture) >= LIMIT / 2) {
                fixture.execute("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000))"
                        + " FROM generate_series(1, 8)");
            }
            return !temporarySlots(fixture).equals(temporary);
        });
    }

    private static String temporarySlots(SourceFixture fixture) {
        return fixture.server()
                .query("SELECT slot_name FROM pg_replication_slots WHERE temporary")
                .toString();
    }

    private static long safeSize(SourceFixture fixture) {
        return Long.parseLong(fixture.server()
                .queryOne("SELECT safe_wal_size FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName()
                        + "'"));
    }
}
