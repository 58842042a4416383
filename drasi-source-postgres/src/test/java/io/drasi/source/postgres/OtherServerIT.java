// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.testkit.Await;
import io.drasi.testkit.FaultyProxy;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A source that meets a standby where the primary stood, or will stand. */
class OtherServerIT {
    static List<Integer> versionsWithDecoding() {
        return StandbyPair.versionsFrom(16);
    }

    static List<Integer> versionsWithFailover() {
        return StandbyPair.versionsFrom(17);
    }

    private static StandbyPair pair(int version) {
        return StandbyPair.start(
                version,
                "CREATE TABLE t (id int PRIMARY KEY)",
                "INSERT INTO t VALUES (1)",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
    }

    /** Does not wait until it streams. */
    static Recorder started(StandbyPair pair, PostgresReplicationSource.Builder builder) {
        PostgresReplicationSource source = pair.fixture().source(builder);
        Recorder recorder = pair.fixture().record(source, SubscriptionSettings.forQuery(SourceFixture.QUERY_ID));
        source.start();
        return recorder;
    }

    /** Any server would do, and the standby is there: that it has no slot does not mean that the slot was dropped. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithDecoding")
    void waitsForThePrimaryWhereTheSlotIs(int version) {
        GatedStore store = new GatedStore();
        try (StandbyPair pair = pair(version);
                Logged logged = new Logged()) {
            PostgresReplicationSource.Builder builder = pair.builder()
                    .withTargetSessionAttributes(TargetSessionAttributes.ANY)
                    .withPositionStore(store);
            Recorder recorder = pair.fixture().stream(builder);
            pair.awaitReplay();
            pair.primary().stopFast();
            awaitPassedOver(pair, logged);
            pair.primary().start();
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            pair.fixture().closeSources();

            try (Logged atStart = new Logged()) {
                pair.primary().stopFast();
                Recorder next = started(pair, builder);
                awaitPassedOver(pair, atStart);
                pair.primary().start();
                pair.fixture().execute("INSERT INTO t VALUES (3)");
                assertThat(next.changes()).containsExactly("insert t:3 {id=3}");
            }
        }
    }

    private static void awaitPassedOver(StandbyPair pair, Logged logged) {
        awaitMessage(
                logged,
                pair.standby().port() + " is a standby without replication slot \""
                        + pair.fixture().slotName() + "\", which the source has on another host");
    }

    private static void awaitMessage(Logged logged, String part) {
        Await.until("it says: " + part, () -> logged.messages().stream().anyMatch(message -> message.contains(part)));
    }

    /** An address is moved to the server that is to become the primary, and moved a moment too soon. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithFailover")
    void waitsUntilTheStandbyAtItsAddressIsPromoted(int version) {
        try (StandbyPair pair = pair(version);
                Logged logged = new Logged();
                FaultyProxy address =
                        new FaultyProxy(pair.primary().host(), pair.primary().port())) {
            pair.synchronizeStandby();
            Recorder recorder = pair.fixture().stream(
                    pair.fixture().builder().withPort(address.port()).withFailoverSlot(true));
            pair.awaitSlotOnStandby(recorder);
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            pair.awaitReplay();
            address.lead(pair.standby());
            pair.primary().kill();
            awaitMessage(logged, "failover_slot needs the primary");
            assertThat(recorder.source().status().status()).isEqualTo(ComponentStatus.STARTING);
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t VALUES (3)");
            assertThat(recorder.changes()).containsExactly("insert t:3 {id=3}");
        }
    }

    /** The stream stays where it is, while the address leads a bootstrap beside it to a standby that lags. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithDecoding")
    void doesNotBeginABootstrapBesideTheStreamBeforeWhatIsConfirmed(int version) {
        try (StandbyPair pair = pair(version);
                Logged logged = new Logged();
                FaultyProxy address =
                        new FaultyProxy(pair.primary().host(), pair.primary().port())) {
            PostgresReplicationSource source =
                    pair.fixture().source(pair.fixture().builder().withPort(address.port()));
            Recorder first = pair.fixture().record(source, SubscriptionSettings.forQuery("first"));
            source.start();
            pair.fixture().awaitStreaming(source);
            pair.awaitReplay();
            pair.standby().query("SELECT pg_wal_replay_pause()");
            Await.until(
                    "it is paused",
                    () -> pair.standby()
                            .queryOne("SELECT pg_get_wal_replay_pause_state()")
                            .equals("paused"));
            // The standby will have what a slot needs, and none of the commits after that.
            pair.standby().setConfig("recovery_min_apply_delay", "1h");
            pair.standby().reload();
            pair.fixture().database().query("SELECT pg_log_standby_snapshot()");
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            assertThat(first.changes()).containsExactly("insert t:2 {id=2}");
            pair.fixture().awaitConfirmed(pair.fixture().walEnd());
            address.lead(pair.standby());
            Recorder late = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            awaitMessage(logged, "waits for the primary to log which transactions run");
            pair.standby().query("SELECT pg_wal_replay_resume()");
            awaitMessage(logged, "that is another server, which lags");
            address.lead(pair.primary());
            pair.standby().kill();
            assertThat(late.snapshot().readable()).containsExactly("insert t:1 {id=1}", "insert t:2 {id=2}");
            pair.fixture().execute("INSERT INTO t VALUES (3)");
            assertThat(late.changes()).containsExactly("insert t:3 {id=3}");
            assertThat(first.changes()).containsExactly("insert t:3 {id=3}");
        }
    }

    /** Nobody goes on from anything: what was read before the promotion does not matter. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithDecoding")
    void beginsAnewOnAPromotedServerWithoutTheSlot(int version) {
        GatedStore store = new GatedStore();
        try (StandbyPair pair = pair(version)) {
            SubscriptionSettings bootstrap =
                    SubscriptionSettings.forQuery("first").withBootstrap();
            PostgresReplicationSource source = pair.fixture()
                    .source(pair.builder()
                            .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                            .withPositionStore(store));
            Recorder first = pair.fixture().record(source, bootstrap);
            source.start();
            assertThat(first.snapshot().rows()).hasSize(1);
            first.close();
            pair.awaitReplay();
            pair.primary().kill();
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t VALUES (2)");
            Recorder second = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("second").withBootstrap());
            assertThat(second.snapshot().readable()).containsExactly("insert t:1 {id=1}", "insert t:2 {id=2}");
            pair.onStandby().execute("INSERT INTO t VALUES (3)");
            assertThat(second.changes()).containsExactly("insert t:3 {id=3}");
            Await.until(
                    "its position is one of the new timeline",
                    () -> store.load("second")
                            .filter(stored -> stored.origin().endsWith("timeline 2"))
                            .isPresent());
        }
    }

    /** The mark that is missing on the promoted server is for the case that the process dies: the stream goes on without. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithFailover")
    void goesOnThoughThePromotedServerHasNoRoomForAMark(int version) {
        try (StandbyPair pair = pair(version);
                Logged logged = new Logged()) {
            pair.synchronizeStandby();
            PostgresReplicationSource source = pair.fixture()
                    .source(pair.builder()
                            .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                            .withFailoverSlot(true));
            Recorder first = pair.fixture().record(source, SubscriptionSettings.forQuery("first"));
            source.start();
            pair.awaitSlotOnStandby(first);
            Recorder late = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("late").withBootstrap(), false);
            SourceEvent.BootstrapCompleted completed = late.snapshot().completed();
            pair.awaitReplay();
            fillSlots(pair);
            pair.primary().kill();
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t VALUES (2)");
            assertThat(first.changes()).containsExactly("insert t:2 {id=2}");
            awaitMessage(logged, "this server has no mark of a bootstrap that is not confirmed");
            late.confirm(completed);
            assertThat(late.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    private static void fillSlots(StandbyPair pair) {
        int free = Integer.parseInt(pair.standby()
                .queryOne("SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_replication_slots"));
        for (int i = 0; i < free; i++) {
            pair.standby().query("SELECT pg_create_physical_replication_slot('filler_" + i + "')");
        }
    }

    /** Markers are slots, and stay behind on the primary that died. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versionsWithFailover")
    void marksOnThePromotedServerThatABootstrapIsOwed(int version) {
        try (StandbyPair pair = pair(version)) {
            pair.synchronizeStandby();
            PostgresReplicationSource source = pair.fixture()
                    .source(pair.builder()
                            .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                            .withFailoverSlot(true));
            Recorder first = pair.fixture().record(source, SubscriptionSettings.forQuery("first"));
            source.start();
            pair.awaitSlotOnStandby(first);
            Recorder late = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("late").withBootstrap(), false);
            SourceEvent.BootstrapCompleted completed = late.snapshot().completed();
            pair.awaitReplay();
            pair.primary().kill();
            pair.standby().promote();
            Await.until("it is marked", () -> markers(pair) == 1);
            pair.onStandby().execute("INSERT INTO t VALUES (2)");
            assertThat(first.changes()).containsExactly("insert t:2 {id=2}");
            late.confirm(completed);
            Await.until("the mark is gone", () -> markers(pair) == 0);
            assertThat(late.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    private static int markers(StandbyPair pair) {
        return Integer.parseInt(pair.standby()
                .queryOne("SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE '"
                        + pair.fixture().slotName() + "\\_%' AND slot_type = 'physical'"));
    }
}
