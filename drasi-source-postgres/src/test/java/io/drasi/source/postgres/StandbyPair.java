// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.util.List;

/**
 * A primary, a hot standby of it that is set up to take over its failover slots, and sources that know both. The fixture's
 * statements go to the primary.
 */
final class StandbyPair implements AutoCloseable {
    private static final String STANDBY = "standby_1";

    private final PostgresServer primary;
    private final SourceFixture fixture;
    private final PostgresServer standby;

    private StandbyPair(PostgresServer primary, SourceFixture fixture, PostgresServer standby) {
        this.primary = primary;
        this.fixture = fixture;
        this.standby = standby;
    }

    /** The versions at hand from that one on. */
    static List<Integer> versionsFrom(int major) {
        return io.drasi.testkit.PostgresVersion.available().stream()
                .map(io.drasi.testkit.PostgresVersion::major)
                .filter(version -> version >= major)
                .toList();
    }

    /** @param statements run on the primary in the fixture's database before there is a standby */
    static StandbyPair start(int version, String... statements) {
        PostgresServer primary = PostgresServer.builder(version).start();
        SourceFixture fixture = SourceFixture.on(primary);
        fixture.execute(statements);
        PostgresServer standby = PostgresServer.standbyOf(primary, STANDBY)
                .setting("hot_standby_feedback", "on")
                .start();
        return new StandbyPair(primary, fixture, standby);
    }

    /** From now on the primary sends a failover slot's reader nothing that the standby does not have. */
    void synchronizeStandby() {
        primary.setConfig("synchronized_standby_slots", STANDBY);
        primary.reload();
    }

    PostgresServer primary() {
        return primary;
    }

    PostgresServer standby() {
        return standby;
    }

    SourceFixture fixture() {
        return fixture;
    }

    /** The fixture's database on the standby. */
    Database onStandby() {
        return standby.database(fixture.database().name());
    }

    /** A source that knows both servers, the primary first. */
    PostgresReplicationSource.Builder builder() {
        return fixture.builder()
                .withHost(primary.host() + "," + standby.host())
                .withPort(primary.port() + "," + standby.port());
    }

    /**
     * Has the standby keep up failover slots, and waits until it has a copy of the source's that outlives a promotion: then the
     * slot on the primary has moved past what the standby would need, so that it must be read meanwhile.
     */
    void awaitSlotOnStandby(Recorder recorder) {
        Await.until("it is a failover slot", () -> {
            recorder.takeWaiting();
            return slot(primary, "failover");
        });
        standby.setConfig("sync_replication_slots", "on");
        standby.reload();
        Await.until("the standby has the slot", () -> {
            fixture.database().query("SELECT pg_log_standby_snapshot()");
            recorder.takeWaiting();
            return slot(standby, "synced AND NOT temporary AND invalidation_reason IS NULL");
        });
    }

    private boolean slot(PostgresServer server, String condition) {
        return !server.query("SELECT 1 FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName() + "' AND "
                        + condition)
                .isEmpty();
    }

    /** Waits until the standby has replayed all that the primary has written. */
    void awaitReplay() {
        String end = fixture.walEnd().toString();
        Await.until(
                "the standby has replayed all",
                () -> standby.queryOne("SELECT pg_last_wal_replay_lsn() >= '" + end + "'")
                        .equals("t"));
    }

    /** Commits something that no publication has, and tells where the promoted standby's log ends then. */
    Lsn walEndOfStandby() {
        onStandby().query("SELECT pg_logical_emit_message(true, 'test', 'flushes the log')");
        return Lsn.parse(standby.queryOne("SELECT pg_current_wal_flush_lsn()"));
    }

    @Override
    public void close() {
        fixture.closeSources();
        standby.close();
        primary.close();
    }
}
