// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.store.FilePositionStore;
import io.drasi.testkit.Await;
import io.drasi.testkit.Fault;
import io.drasi.testkit.FaultyProxy;
import io.drasi.testkit.PostgresServer;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * One source under full load and random faults for as long as the system property {@value RandomRuns#MINUTES_PROPERTY} says:
 * what it takes of this process and of the server must not grow. Subscribers come and go meanwhile; the one that stays is given
 * every change once. Not part of a build.
 */
@EnabledIfSystemProperty(named = RandomRuns.MINUTES_PROPERTY, matches = ".+")
class SoakIT {
    private static final int WRITERS = 4;
    private static final int ROWS = 2_000;
    /** So many rounds are between two samples. */
    private static final int ROUNDS_PER_SAMPLE = 5;

    /** Bytes of log. */
    private static final long FAR_BEHIND = 64 << 20;

    private static final long NEAR = 8 << 20;

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** Writers add rows without end, which the test's own tables and those of the check would grow by. */
    private static final String FORGET_OLD = "DELETE FROM batches WHERE id < (SELECT max(id) FROM batches) - 1000";

    private final RandomTally tally = new RandomTally();
    private final List<Sample> samples = new ArrayList<>();

    /** @param retained bytes of log that the server keeps for the slot after a checkpoint */
    private record Sample(long seconds, long heap, int threads, long files, long retained, long transactions) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%5d s: heap %6.1f MB, %2d threads, %3d files, log kept %6.1f MB, %,d transactions",
                    seconds,
                    heap / 1e6,
                    threads,
                    files,
                    retained / 1e6,
                    transactions);
        }
    }

    @Test
    void takesNoMoreWithTime(@TempDir Path directory) {
        long begin = System.nanoTime();
        Duration time = RandomRuns.minutes().orElseThrow();
        Random random = new Random(RandomRuns.seeds().getAsLong());
        try (PostgresServer server = PostgresServer.builder(18)
                        .setting("wal_sender_timeout", "5s")
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            UnderLoad.createTables(fixture, ROWS);
            try (FaultyProxy proxy = new FaultyProxy(server.host(), server.port());
                    FilePositionStore store = FilePositionStore.open(directory, "source");
                    PostgresReplicationSource source = fixture.source(fixture.builder()
                            .withHost(proxy.host())
                            .withPort(proxy.port())
                            .withPeerTimeout(Duration.ofSeconds(2))
                            .withStatusInterval(Duration.ofMillis(500))
                            .withPositionStore(store));
                    Writers writers = Writers.start(fixture.database(), WRITERS, random.nextLong())) {
                Follower first = Follower.of(source, subscription(0));
                source.start();
                for (int round = 1; System.nanoTime() - begin < time.toNanos(); round++) {
                    holdWhileFarBehind(fixture, writers);
                    round(fixture, source, first, proxy, round, random);
                    if (round % ROUNDS_PER_SAMPLE == 0) {
                        sample(fixture, writers, first, begin);
                    }
                }
                writers.stop();
                first.awaitMark(Follower.mark(fixture.database()));
                first.check().assertEqualsTables(fixture.database());
                assertThat(first.check().repeated()).isZero();
                assertThat(first.check().bootstraps()).isEqualTo(1);
                first.close();
            }
            SourceTraces.awaitConnections(fixture, 0);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        } finally {
            samples.forEach(System.out::println);
            System.out.println("soak: " + tally);
        }
        assertThat(SourceTraces.threads()).isEmpty();
        assertFlat("heap", Sample::heap, 8_000_000);
        assertFlat("threads", Sample::threads, 2);
        assertFlat("files", Sample::files, 5);
        assertFlat("log kept", Sample::retained, 32_000_000);
    }

    private static SubscriptionSettings subscription(int number) {
        return SubscriptionSettings.forQuery("query-" + number).withBootstrap();
    }

    /** Faults slow the stream down, but not the writers, who would be ever further ahead. */
    private void holdWhileFarBehind(SourceFixture fixture, Writers writers) {
        if (behind(fixture) > FAR_BEHIND) {
            tally.count("rounds that waited for the stream", 1);
            writers.hold(true);
            Await.until("the stream has caught up", PATIENCE, () -> behind(fixture) < NEAR);
            writers.hold(false);
        }
    }

    /** Bytes of log that are not confirmed; 0 while there is no slot yet. */
    private static long behind(SourceFixture fixture) {
        return Long.parseLong(fixture.database()
                .queryOne(
                        "SELECT coalesce(max(pg_current_wal_lsn() - confirmed_flush_lsn), 0) FROM pg_replication_slots"
                                + " WHERE slot_name = '" + fixture.slotName() + "'"));
    }

    /** A fault, and in some rounds somebody who comes while it lasts and leaves again. */
    private void round(
            SourceFixture fixture,
            PostgresReplicationSource source,
            Follower first,
            FaultyProxy proxy,
            int round,
            Random random) {
        Optional<Follower> late =
                random.nextInt(3) == 0 ? Optional.of(Follower.of(source, subscription(round))) : Optional.empty();
        disturb(fixture, proxy, random);
        awaitProgress(source, first, random);
        proxy.heal();
        awaitProgress(source, first, random);
        if (late.isPresent()) {
            Await.until("a late subscriber has its rows", PATIENCE, () -> {
                requireNoFailure(source, first);
                late.get().requireNoFailure();
                return late.get().check().bootstraps() > 0;
            });
            late.get().close();
            tally.count("late subscribers", 1);
        }
        fixture.execute(FORGET_OLD);
    }

    private static void awaitProgress(PostgresReplicationSource source, Follower first, Random random) {
        long goal = first.check().transactions() + 200 + random.nextInt(2_000);
        Await.until("the stream goes on", PATIENCE, () -> {
            requireNoFailure(source, first);
            return first.check().transactions() >= goal;
        });
    }

    private static void requireNoFailure(PostgresReplicationSource source, Follower first) {
        SourceFixture.requireNoFailure(source);
        first.requireNoFailure();
    }

    private void disturb(SourceFixture fixture, FaultyProxy proxy, Random random) {
        PostgresServer server = fixture.server();
        int kind = random.nextInt(10);
        switch (kind) {
            case 0 -> {
                server.kill();
                server.start();
            }
            case 1 -> server.restart();
            case 2, 3 ->
                fixture.database()
                        .query(
                                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'drasi %'");
            case 4 -> proxy.inflict(new Fault.Cut());
            case 5 -> proxy.inflict(new Fault.Reset());
            case 6 -> proxy.inflict(new Fault.Delay(Duration.ofMillis(1 + random.nextInt(10))));
            case 7 -> proxy.inflict(new Fault.Segment(50 + random.nextInt(1000)));
            default -> {
                // nothing but load
            }
        }
        tally.count("faults of kind " + kind, 1);
    }

    /** Without what the stream is behind: that depends on what the machine does meanwhile. */
    private void sample(SourceFixture fixture, Writers writers, Follower first, long begin) {
        writers.hold(true);
        fixture.execute("CHECKPOINT");
        Lsn end = fixture.walEnd();
        fixture.awaitConfirmed(end);
        String retained = fixture.database()
                .queryOne("SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE slot_name = '"
                        + fixture.slotName() + "'");
        writers.hold(false);
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        Sample sample = new Sample(
                Duration.ofNanos(System.nanoTime() - begin).toSeconds(),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                SourceTraces.threads().size(),
                ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getOpenFileDescriptorCount(),
                Long.parseLong(retained),
                first.check().transactions());
        samples.add(sample);
    }

    /** The median of the last third of the samples beside that of the first third, whose beginning warms up. */
    private void assertFlat(String what, ToLongFunction<Sample> value, long tolerance) {
        assertThat(samples.size()).as("samples").isGreaterThanOrEqualTo(9);
        int third = samples.size() / 3;
        long before = median(samples.subList(0, third), value);
        long after = median(samples.subList(samples.size() - third, samples.size()), value);
        System.out.println("median of " + what + ": " + before + " in the first third, " + after + " in the last");
        assertThat(after).as(what).isLessThanOrEqualTo(before + tolerance);
    }

    private static long median(List<Sample> some, ToLongFunction<Sample> value) {
        return some.stream()
                .mapToLong(value)
                .sorted()
                .skip(some.size() / 2)
                .findFirst()
                .orElseThrow();
    }
}
