// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.StoredPosition;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.subscription.PositionSaver;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code on_position_lost = bootstrap}: what is lost is announced, and a bootstrap from a new slot takes its place. */
class StartOverIT {
    private static final SubscriptionSettings BOOTSTRAPPED =
            SubscriptionSettings.forQuery("bootstrapped").withBootstrap();
    private static final SubscriptionSettings PLAIN = SubscriptionSettings.forQuery("plain");

    private static SourceFixture shop(SourceFixture fixture) {
        fixture.execute(
                "CREATE TABLE users (id int PRIMARY KEY)",
                "CREATE PUBLICATION drasi_publication FOR TABLE users",
                "INSERT INTO users VALUES (1)");
        return fixture;
    }

    private static PostgresReplicationSource.Builder builder(SourceFixture fixture) {
        return fixture.builder().withOnPositionLost(OnPositionLost.BOOTSTRAP);
    }

    private static void dropSlotUnderIt(SourceFixture fixture) {
        Await.untilAsserted(
                "the slot is dropped",
                () -> fixture.execute("DO $$ BEGIN PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots"
                        + " WHERE slot_name = '" + fixture.slotName() + "' AND active; PERFORM pg_sleep(0.02);"
                        + " PERFORM pg_drop_replication_slot('" + fixture.slotName() + "'); END $$"));
    }

    private static List<String> slots(SourceFixture fixture) {
        return fixture
                .server()
                .query("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '" + fixture.slotName()
                        + "%' AND NOT temporary ORDER BY 1")
                .stream()
                .map(row -> row.get(0))
                .toList();
    }

    private static void requireStreams(SourceFixture fixture, Recorder recorder, int id) {
        fixture.execute("INSERT INTO users VALUES (" + id + ")");
        assertThat(recorder.changes()).containsExactly("insert users:" + id + " {id=" + id + "}");
        Await.untilAsserted(
                "the markers are gone", () -> assertThat(slots(fixture)).containsExactly(fixture.slotName()));
    }

    @SomeVersion
    void aDroppedSlotIsMadeAnewForThoseWhoBeganWithABootstrap(int version) {
        try (SourceFixture fixture = shop(SourceFixture.on(version));
                Logged log = new Logged()) {
            PostgresReplicationSource source = fixture.source(builder(fixture));
            List<StatusChange> statuses = new CopyOnWriteArrayList<>();
            source.addStatusListener(statuses::add);
            Recorder bootstrapped = fixture.record(source, BOOTSTRAPPED);
            Recorder plain = fixture.record(source, PLAIN);
            source.start();
            assertThat(bootstrapped.snapshot().readable()).containsExactly("insert users:1 {id=1}");
            requireStreams(fixture, bootstrapped, 2);
            assertThat(plain.changes()).hasSize(1);
            Recorder resumed = fixture.record(
                    source,
                    SubscriptionSettings.forQuery("resumed")
                            .withResumeFrom(
                                    ((SourceEvent.Transaction) plain.events().get(0)).position()));

            dropSlotUnderIt(fixture);

            assertThat(bootstrapped.snapshot().readable())
                    .containsExactly("insert users:1 {id=1}", "insert users:2 {id=2}");
            String reason = "starts over with a new slot and a bootstrap in ";
            assertThat(bootstrapped.tidings())
                    .filteredOn(SourceEvent.BootstrapDelayed.class::isInstance)
                    .anySatisfy(event -> assertThat(((SourceEvent.BootstrapDelayed) event).reason())
                            .startsWith(reason)
                            .contains(fixture.slotName()));
            assertThat(log.messages()).anyMatch(message -> message.startsWith("source 'source': " + reason));
            assertThat(statuses).anySatisfy(status -> {
                assertThat(status.status()).isEqualTo(ComponentStatus.STARTING);
                assertThat(status.message().orElse("")).startsWith(reason);
                assertThat(status.cause().orElseThrow()).isInstanceOf(PositionUnavailableException.class);
            });
            for (Recorder other : List.of(plain, resumed)) {
                assertThatThrownBy(other::catchUp)
                        .isInstanceOf(PositionUnavailableException.class)
                        .hasMessageContaining("replication slot \"" + fixture.slotName() + "\"");
            }
            requireStreams(fixture, bootstrapped, 3);
        }
    }

    @SomeVersion
    void aPublicationThatIsMadeAgainCostsABootstrap(int version) {
        try (SourceFixture fixture = shop(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder recorder = fixture.record(source, BOOTSTRAPPED);
            source.start();
            recorder.snapshot();
            requireStreams(fixture, recorder, 2);
            fixture.execute("BEGIN; DROP PUBLICATION drasi_publication; INSERT INTO users VALUES (3);"
                    + " CREATE PUBLICATION drasi_publication FOR TABLE users; COMMIT");

            assertThat(recorder.snapshot().readable()).hasSize(3);
            requireStreams(fixture, recorder, 4);
        }
    }

    @Test
    void withNobodyWhoBeganWithABootstrapTheSourceEnds() {
        try (SourceFixture fixture = shop(SourceFixture.on(18))) {
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder plain = fixture.record(source, PLAIN);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(plain.changes()).hasSize(1);
            dropSlotUnderIt(fixture);

            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause().orElseThrow()).isInstanceOf(PositionUnavailableException.class);
            assertThat(slots(fixture)).isEmpty();
        }
    }

    @Test
    void aSlotThatIsLostAgainAndAgainEndsTheSource() {
        try (SourceFixture fixture = shop(SourceFixture.on(18))) {
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder recorder = fixture.record(source, BOOTSTRAPPED, false);
            source.start();
            for (int i = 0; i <= 3; i++) {
                recorder.snapshot();
                fixture.execute("INSERT INTO users VALUES (" + (10 + i) + ")");
                recorder.transaction(); // a stream that brings something is no failed attempt: the next one is soon
                dropSlotUnderIt(fixture);
            }
            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause().orElseThrow())
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageStartingWith("the source started over 3 times, and lost its slot each time before a"
                            + " bootstrap was confirmed: ");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void aSlotWhoseLogIsGoneIsMadeAnewAlsoAfterACrash(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .initdbArgs("--wal-segsize=1")
                        .setting("min_wal_size", "2MB")
                        .setting("max_wal_size", "4MB")
                        .setting("max_slot_wal_keep_size", "1MB")
                        .start();
                SourceFixture fixture = shop(SourceFixture.on(server))) {
            Recorder first = fixture.bootstrap(builder(fixture));
            first.snapshot();
            requireStreams(fixture, first, 2);
            fixture.closeSources();
            loseSlot(fixture, "wal_status = 'lost'", 3_000_000);

            // It ends before the new bootstrap is confirmed: the marker tells the next start.
            PostgresReplicationSource second = fixture.source(builder(fixture));
            Recorder unconfirmed = fixture.record(second, BOOTSTRAPPED, false);
            second.start();
            assertThat(unconfirmed.snapshot().readable()).hasSize(2);
            fixture.closeSources();
            assertThat(slots(fixture)).containsExactly(fixture.slotName(), fixture.slotName() + "_bootstrapping");

            // As after a crash just before the lost slot was dropped: the marker and the slot are there.
            loseSlot(fixture, "wal_status = 'lost'", 3_000_000);
            Recorder third = fixture.bootstrap(builder(fixture));
            assertThat(third.snapshot().readable()).hasSize(2);
            requireStreams(fixture, third, 3);
        }
    }

    /** A slot is lost at a checkpoint. */
    private static void loseSlot(SourceFixture fixture, String condition, int bytes) {
        Await.until("the slot is lost", () -> {
            fixture.execute(
                    "SELECT pg_logical_emit_message(false, 'x', repeat('x', " + bytes + "))",
                    "SELECT pg_switch_wal()",
                    "CHECKPOINT");
            return fixture.server()
                    .queryOne("SELECT " + condition + " FROM pg_replication_slots WHERE slot_name = '"
                            + fixture.slotName() + "'")
                    .equals("t");
        });
    }

    @Test
    void aSlotThatWasIdleForTooLongIsMadeAnew() {
        try (PostgresServer server = PostgresServer.builder(18)
                        .setting("idle_replication_slot_timeout", "1s")
                        .start();
                SourceFixture fixture = shop(SourceFixture.on(server))) {
            Recorder first = fixture.bootstrap(builder(fixture));
            first.snapshot();
            requireStreams(fixture, first, 2);
            fixture.closeSources();
            loseSlot(fixture, "coalesce(invalidation_reason, '') = 'idle_timeout'", 10);
            PostgresReplicationSource strict = fixture.source(fixture.builder());
            Recorder refused = fixture.record(strict, BOOTSTRAPPED);
            strict.start();
            assertThatThrownBy(refused::catchUp).hasStackTraceContaining("raise idle_replication_slot_timeout");
            fixture.closeSources();

            assertThat(strict.slotExists()).isFalse();
            // Who subscribes decides what becomes of it: until then the source waits.
            PostgresReplicationSource source = fixture.source(builder(fixture));
            source.start();
            Await.until("it waits", () -> source.status().message().orElse("").equals("waits for a subscription"));
            Recorder second = fixture.record(source, BOOTSTRAPPED);
            assertThat(second.snapshot().readable()).hasSize(2);
            requireStreams(fixture, second, 3);
        }
    }

    /** A slot that somebody has moved looks good to the next start: nothing but the marker tells that rows are owed. */
    @Test
    void aSourceThatEndsBeforeItHasDroppedTheSlotLeavesAMarker() {
        try (PostgresServer server = Shop.server(18).start();
                Shop shop = Shop.open(server)) {
            PostgresReplicationSource.Builder builder = shop.source().withOnPositionLost(OnPositionLost.BOOTSTRAP);
            try (ObservedSource observed = shop.start(builder)) {
                shop.requireWorks(observed);
                shop.database()
                        .execute(
                                "REVOKE EXECUTE ON FUNCTION pg_drop_replication_slot(name) FROM PUBLIC",
                                "INSERT INTO users VALUES (5000, 'Eve')");
                advanceUnderIt(shop.database(), shop.name());
                assertThat(observed.awaitError())
                        .hasMessageContaining("permission denied for function pg_drop_replication_slot");
            }
            assertThat(shop.slots()).hasSize(2);
            assertThat(shop.source().build().slotExists()).isFalse();
            shop.database().execute("GRANT EXECUTE ON FUNCTION pg_drop_replication_slot(name) TO PUBLIC");
            shop.requireWorks();
            assertThat(shop.slots()).hasSize(1);
        }
    }

    private static void advanceUnderIt(Database database, String slot) {
        database.execute("DO $$ BEGIN FOR i IN 1 .. 1000 LOOP BEGIN"
                + " PERFORM pg_terminate_backend(active_pid), pg_sleep(0.005) FROM pg_replication_slots"
                + " WHERE slot_name = '" + slot + "' AND active;"
                + " PERFORM pg_replication_slot_advance('" + slot + "', pg_current_wal_lsn());"
                + " RETURN; EXCEPTION WHEN object_in_use THEN NULL; END; END LOOP; END $$");
    }

    // ---- with a position store

    private static PostgresReplicationSource.Builder builder(SourceFixture fixture, GatedStore store) {
        return builder(fixture).withPositionStore(store);
    }

    /** Runs until both queries have confirmed a transaction and their positions are saved; the sources are closed then. */
    private static void confirmOne(SourceFixture fixture, GatedStore store) {
        PostgresReplicationSource source = fixture.source(builder(fixture, store));
        Recorder bootstrapped = fixture.record(source, BOOTSTRAPPED);
        Recorder plain = fixture.record(source, PLAIN);
        source.start();
        bootstrapped.snapshot();
        requireStreams(fixture, bootstrapped, 2);
        assertThat(plain.changes()).hasSize(1);
        fixture.closeSources();
        assertThat(store.copy()).containsOnlyKeys("bootstrapped", "plain");
    }

    /** It has had its bootstrap in an earlier process, and goes on from its position. */
    @SomeVersion
    void aQueryThatHasAPositionIsGivenABootstrapWhenItsSlotIsDropped(int version) {
        GatedStore store = new GatedStore();
        try (SourceFixture fixture = shop(SourceFixture.on(version))) {
            confirmOne(fixture, store);
            PostgresReplicationSource source = fixture.source(builder(fixture, store));
            Recorder resumed = fixture.record(source, BOOTSTRAPPED);
            source.start();
            requireStreams(fixture, resumed, 3);

            dropSlotUnderIt(fixture);

            assertThat(resumed.snapshot().readable()).hasSize(3);
            requireStreams(fixture, resumed, 4);
            fixture.closeSources();
            PostgresReplicationSource again = fixture.source(builder(fixture, store));
            Recorder third = fixture.record(again, BOOTSTRAPPED);
            again.start();
            requireStreams(fixture, third, 5);
        }
    }

    @SomeVersion
    void aPositionOfASlotThatIsGoneIsGivenUpForABootstrapIfThatIsAskedFor(int version) {
        GatedStore store = new GatedStore();
        try (SourceFixture fixture = shop(SourceFixture.on(version))) {
            confirmOne(fixture, store);
            dropSlotUnderIt(fixture);
            PostgresReplicationSource source = fixture.source(builder(fixture, store));
            Recorder bootstrapped = fixture.record(source, BOOTSTRAPPED);
            Recorder plain = fixture.record(source, PLAIN);
            source.start();
            assertThat(bootstrapped.snapshot().readable()).hasSize(2);
            assertThatThrownBy(plain::catchUp)
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("replication slot \"" + fixture.slotName() + "\" does not exist")
                    .hasMessageContaining("Remove the position from the store");
            requireStreams(fixture, bootstrapped, 3);
        }
    }

    @SomeVersion
    void aPositionThatTheSlotHasLeftBehindIsGivenUpForABootstrapIfThatIsAskedFor(int version) {
        GatedStore store = new GatedStore();
        try (SourceFixture fixture = shop(SourceFixture.on(version));
                Logged log = new Logged()) {
            confirmOne(fixture, store);
            fixture.execute("INSERT INTO users VALUES (3)");
            Await.untilAsserted(
                    "somebody else reads from the slot",
                    () -> fixture.database()
                            .query(
                                    "SELECT count(*) FROM pg_logical_slot_get_binary_changes('" + fixture.slotName()
                                            + "', NULL, NULL, 'proto_version', '1', 'publication_names', 'drasi_publication')"));
            PostgresReplicationSource source = fixture.source(builder(fixture, store));
            Recorder bootstrapped = fixture.record(source, BOOTSTRAPPED);
            Recorder plain = fixture.record(source, PLAIN);
            source.start();
            assertThat(bootstrapped.snapshot().readable()).hasSize(3);
            assertThatThrownBy(plain::catchUp)
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("somebody else has read from the slot");
            requireStreams(fixture, bootstrapped, 4);
            assertThat(log.messages())
                    .anyMatch(message -> message.startsWith("source 'source': subscription 'bootstrapped' is given"
                            + " another bootstrap: subscription 'bootstrapped' can't go on from "));
        }
    }

    /** The slot is good for the others, who notice nothing. */
    @Test
    void aPositionThatAloneIsLostIsGivenUpForABootstrapBesideTheOthers() {
        GatedStore store = new GatedStore();
        try (SourceFixture fixture = shop(SourceFixture.on(18))) {
            confirmOne(fixture, store);
            StoredPosition old = store.copy().get("bootstrapped");
            PostgresReplicationSource between = fixture.source(builder(fixture, store));
            Recorder first = fixture.record(between, BOOTSTRAPPED);
            Recorder second = fixture.record(between, PLAIN);
            between.start();
            requireStreams(fixture, first, 3);
            assertThat(second.changes()).hasSize(1);
            fixture.closeSources();
            Map<String, StoredPosition> copy = new HashMap<>(store.copy());
            copy.put("bootstrapped", old);
            store.restore(copy);

            PostgresReplicationSource source = fixture.source(builder(fixture, store));
            Recorder bootstrapped = fixture.record(source, BOOTSTRAPPED);
            Recorder plain = fixture.record(source, PLAIN);
            source.start();
            assertThat(bootstrapped.snapshot().readable()).hasSize(3);
            requireStreams(fixture, bootstrapped, 4);
            assertThat(plain.changes()).containsExactly("insert users:4 {id=4}");
        }
    }

    /** Else a start after a crash in between would find a position, and take the new slot for the one that it is of. */
    @Test
    void thePositionsAreForgottenBeforeTheSlotIsDropped() {
        GatedStore store = new GatedStore();
        try (SourceFixture fixture = shop(SourceFixture.on(18))) {
            PostgresReplicationSource source = fixture.source(builder(fixture, store));
            Recorder recorder = fixture.record(source, BOOTSTRAPPED);
            source.start();
            recorder.snapshot();
            requireStreams(fixture, recorder, 2);
            Await.until(
                    "its position is saved", () -> store.load("bootstrapped").isPresent());
            store.shut();
            fixture.execute("INSERT INTO users VALUES (3)"); // is not taken
            advanceUnderIt(fixture.database(), fixture.slotName());
            String marker = fixture.slotName() + "_bootstrapping";
            Await.until("the marker is made", () -> slots(fixture).contains(marker));
            SourceTraces.awaitThreadIn(PositionSaver.class);
            assertThat(slots(fixture)).containsExactly(fixture.slotName(), marker);
            assertThat(store.copy()).containsOnlyKeys("bootstrapped");
            recorder.takeWaiting(); // the row may have come in time
            store.open();
            assertThat(recorder.snapshot().readable()).hasSize(3);
            requireStreams(fixture, recorder, 4);
        }
    }
}
