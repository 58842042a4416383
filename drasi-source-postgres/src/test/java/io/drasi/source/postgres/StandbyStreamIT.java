// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A source that reads from a standby. */
class StandbyStreamIT {
    static List<Integer> versions() {
        return StandbyPair.versionsFrom(16);
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void bootstrapsAndStreamsFromAStandbyAndGoesOnWhenItIsPromoted(int version) {
        try (StandbyPair pair = pair(version);
                Heartbeat unused = new Heartbeat(pair.fixture())) {
            GatedStore store = new GatedStore();
            PostgresReplicationSource source =
                    pair.fixture().source(onStandby(pair).withPositionStore(store));
            Recorder recorder = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("first").withBootstrap());
            source.start();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {id=1}");
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            Recorder late = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("late").withBootstrap());
            assertThat(late.snapshot().readable()).containsExactly("insert t:1 {id=1}", "insert t:2 {id=2}");
            Await.until(
                    "the markers are gone",
                    () -> pair.standby()
                            .queryOne("SELECT count(*) FROM pg_replication_slots")
                            .equals("1"));

            String walsender = walsender(pair);
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t VALUES (3)");
            assertThat(recorder.changes()).containsExactly("insert t:3 {id=3}");
            assertThat(late.changes()).containsExactly("insert t:3 {id=3}");
            assertThat(walsender(pair)).isEqualTo(walsender);
            Await.until(
                    "the position is one of the new timeline",
                    () -> store.load("first").orElseThrow().origin().endsWith("timeline 2"));

            pair.standby().query("SELECT pg_terminate_backend(" + walsender + ")");
            pair.onStandby().execute("INSERT INTO t VALUES (4)");
            assertThat(recorder.changes()).containsExactly("insert t:4 {id=4}");
            assertThat(late.changes()).containsExactly("insert t:4 {id=4}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void saysWhyTheStandbyHasInvalidatedTheSlot(int version) {
        try (StandbyPair pair = pair(version);
                Heartbeat heartbeat = new Heartbeat(pair.fixture())) {
            pair.standby().setConfig("hot_standby_feedback", "off");
            pair.standby().reload();
            Recorder recorder = pair.fixture().stream(onStandby(pair));
            Await.until(
                    "the primary may remove rows",
                    () -> pair.primary()
                            .queryOne("SELECT catalog_xmin IS NULL FROM pg_replication_slots")
                            .equals("t"));
            Await.until("the primary has removed rows", () -> {
                // Not if a transaction that is open in that moment may still see them.
                pair.fixture()
                        .execute(
                                "CREATE TABLE short (id int)", "DROP TABLE short", "VACUUM pg_class", "VACUUM pg_type");
                return recorder.source().status().status() == ComponentStatus.ERROR;
            });
            assertThat(awaitFailure(recorder.source()))
                    .contains("replication slot \"" + pair.fixture().slotName() + "\" was invalidated by the server")
                    .contains(version == 16 ? "(conflicting)" : "(invalidation_reason = rows_removed)")
                    .contains("set hot_standby_feedback = on and primary_slot_name here");
            pair.fixture().closeSources();
            pair.standby()
                    .query("SELECT pg_drop_replication_slot('" + pair.fixture().slotName() + "')");

            Recorder second = pair.fixture().stream(onStandby(pair));
            heartbeat.close();
            pair.primary().setConfig("wal_level", "replica");
            pair.primary().restart();
            assertThat(awaitFailure(second.source()))
                    .contains(version == 16 ? "(conflicting)" : "(invalidation_reason = wal_level_insufficient)")
                    .contains(version == 16 ? "hot_standby_feedback" : "keep wal_level = logical on the primary");
            pair.fixture().closeSources();
            pair.standby()
                    .query("SELECT pg_drop_replication_slot('" + pair.fixture().slotName() + "')");

            PostgresReplicationSource third = pair.fixture().source(onStandby(pair));
            Recorder waiting = pair.fixture().record(third, SubscriptionSettings.forQuery("third"));
            third.start();
            assertThat(awaitFailure(waiting.source())).contains("needs wal_level = logical on the primary too");
        }
    }

    private static StandbyPair pair(int version) {
        return StandbyPair.start(
                version,
                "CREATE TABLE t (id int PRIMARY KEY)",
                "INSERT INTO t VALUES (1)",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
    }

    private static PostgresReplicationSource.Builder onStandby(StandbyPair pair) {
        return pair.fixture().builder().withPort(pair.standby().port());
    }

    private static String walsender(StandbyPair pair) {
        return pair.standby().queryOne("SELECT active_pid FROM pg_replication_slots WHERE slot_type = 'logical'");
    }

    private static String awaitFailure(PostgresReplicationSource source) {
        Await.until("it fails", () -> source.status().status() == ComponentStatus.ERROR);
        StatusChange status = source.status();
        return status.message().orElse("");
    }

    /** Has the primary log which transactions run, which the making of a slot on a standby waits for. */
    private static final class Heartbeat implements AutoCloseable {
        private final SourceFixture fixture;
        private final Thread thread = new Thread(this::run, "heartbeat");
        private final CountDownLatch over = new CountDownLatch(1);

        Heartbeat(SourceFixture fixture) {
            this.fixture = fixture;
            thread.start();
        }

        private void run() {
            try {
                while (!over.await(100, TimeUnit.MILLISECONDS)) {
                    fixture.database().query("SELECT pg_log_standby_snapshot()");
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            over.countDown();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
