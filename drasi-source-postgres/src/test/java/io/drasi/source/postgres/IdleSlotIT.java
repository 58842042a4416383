// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An idle published table beside a busy one that nobody publishes: the slot follows, also where the server keeps little log
 * for it, and the server can be stopped at once. Runs some seconds in a build, or on each version for as many minutes as the
 * system property {@value RandomRuns#MINUTES_PROPERTY} says.
 */
class IdleSlotIT {
    private static final Duration IN_A_BUILD = Duration.ofSeconds(4);
    private static final int KEPT_MEGABYTES = 16;
    /** So much that a slot that stands still would be lost. */
    private static final long LEAST_WRITTEN = 3L * KEPT_MEGABYTES * 1024 * 1024;
    /** What the source may cost. The machine may do so too, so the best of some attempts counts. */
    private static final Duration MOST_FOR_STOPPING = Duration.ofSeconds(2);

    private static final int ATTEMPTS = 3;

    /** Before 13 a server has no limit of what it keeps for a slot. */
    static List<Integer> versions() {
        return RandomRuns.versions().stream().filter(version -> version >= 13).toList();
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void followsTheLogOfOthers(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .initdbArgs("--wal-segsize=1")
                        .setting("min_wal_size", "2MB")
                        .setting("max_wal_size", "4MB")
                        .setting("max_slot_wal_keep_size", KEPT_MEGABYTES + "MB")
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)", "CREATE TABLE unpublished (text text)");
            fixture.execute("CREATE PUBLICATION " + SourceFixture.PUBLICATION + " FOR TABLE users");
            List<Duration> without = new ArrayList<>();
            stopBusy(fixture, without);
            Recorder recorder = fixture.stream();
            Lsn start = fixture.walEnd();
            Lsn written;
            long end =
                    System.nanoTime() + RandomRuns.minutes().orElse(IN_A_BUILD).toNanos();
            do {
                beBusy(fixture);
                assertThat(walStatus(fixture)).isIn("reserved", "extended");
                awaitHalfOfTheLog(fixture);
                written = fixture.walEnd();
            } while (System.nanoTime() - end < 0 || written.value() - start.value() < LEAST_WRITTEN);
            fixture.awaitConfirmed(written);
            awaitRestartLsn(fixture, written);
            assertThat(recorder.catchUp()).isEmpty();
            stopsAtOnce(fixture, without);
            fixture.execute("INSERT INTO users VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert users:1 {id=1}");
        }
    }

    /** About 2 MB of log. */
    private static void beBusy(SourceFixture fixture) {
        fixture.execute("INSERT INTO unpublished SELECT repeat('x', 1000) FROM generate_series(1, 2000)");
    }

    /** One who writes faster than the server moves the slot's end would have it lost, whatever the source confirms. */
    private static void awaitHalfOfTheLog(SourceFixture fixture) {
        Await.until(
                "the server keeps less than half of what it may",
                () -> fixture.server()
                        .queryOne("SELECT safe_wal_size > " + (KEPT_MEGABYTES << 20) / 2
                                + " FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName() + "'")
                        .equals("t"));
    }

    private static String walStatus(SourceFixture fixture) {
        return fixture.server()
                .queryOne("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName() + "'");
    }

    /** It moves when the server has written down which transactions run, as it does at a checkpoint. */
    private static void awaitRestartLsn(SourceFixture fixture, Lsn lsn) {
        Await.until("the server need not keep what is before " + lsn, () -> {
            fixture.execute("CHECKPOINT");
            return !Lsn.parse(fixture.server()
                            .queryOne("SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '"
                                    + fixture.slotName() + "'"))
                    .isBefore(lsn);
        });
    }

    private static void stopBusy(SourceFixture fixture, List<Duration> took) {
        beBusy(fixture);
        took.add(fixture.server().stopFast());
        fixture.server().start();
    }

    private static void stopsAtOnce(SourceFixture fixture, List<Duration> without) {
        Duration most = without.get(0).plus(MOST_FOR_STOPPING);
        List<Duration> took = new ArrayList<>();
        do {
            stopBusy(fixture, took);
            Lsn end = fixture.walEnd();
            fixture.awaitConfirmed(end);
        } while (took.get(took.size() - 1).compareTo(most) >= 0 && took.size() < ATTEMPTS);
        assertThat(took)
                .as("the best of what stopping took; without a source: %s", without.get(0))
                .anySatisfy(with -> assertThat(with).isLessThan(most));
    }
}
