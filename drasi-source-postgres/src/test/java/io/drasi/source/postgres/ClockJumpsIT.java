// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host whose clock jumps to and fro: the source does not care. */
class ClockJumpsIT {
    private static final List<Instant> TIMES = List.of(
            Instant.parse("1900-01-01T00:00:00Z"),
            Instant.parse("2026-01-01T00:00:00Z"),
            Instant.MAX,
            Instant.parse("2025-12-31T23:59:59Z"),
            Instant.MIN,
            Instant.parse("9999-12-31T23:59:59Z"));

    /** Another time with each look at it, until it is set right. */
    private static final class JumpingClock implements InstantSource {
        private final AtomicInteger looks = new AtomicInteger();
        private volatile boolean right;

        @Override
        public Instant instant() {
            return right ? InstantSource.system().instant() : TIMES.get(looks.getAndIncrement() % TIMES.size());
        }
    }

    /** The server tells from version 12 on what time it was told. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void areOnlyTold(int version) {
        JumpingClock clock = new JumpingClock();
        try (SourceFixture fixture = SourceFixture.on(version)) {
            UnderLoad.createTables(fixture, 100);
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withClock(clock).withStatusInterval(Duration.ofMillis(100)));
            try (Writers writers = Writers.start(fixture.database(), 1, version)) {
                Follower follower = Follower.of(
                        source, SubscriptionSettings.forQuery("test").withBootstrap());
                source.start();
                follower.awaitTransactions(300);
                Await.until("it was looked at often", () -> clock.looks.get() > 5 * TIMES.size());
                assertThat(source.status().status()).isEqualTo(ComponentStatus.RUNNING);
                assertThat(source.metrics().failedAttempts()).isZero();
                assertThat(source.metrics().lag()).isLessThan(Duration.ofSeconds(10));
                clock.right = true;
                Await.until(
                        "the server is told the time",
                        () -> fixture.server()
                                .queryOne(
                                        "SELECT count(*) FROM pg_stat_replication JOIN pg_replication_slots ON pid = active_pid"
                                                + " WHERE slot_name = '" + fixture.slotName()
                                                + "' AND reply_time BETWEEN now() - interval '5 s' AND now() + interval '5 s'")
                                .equals("1"));
                writers.stop();
                follower.catchUp(fixture.database());
                follower.check().assertEqualsTables(fixture.database());
                assertThat(follower.check().repeated()).isZero();
                follower.close();
            }
        }
    }
}
