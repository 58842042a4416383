// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.source.postgres.health.SourceMetrics;
import io.drasi.source.postgres.health.SpoolMetrics;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.health.SubscriptionMetrics.Phase;
import io.drasi.source.postgres.health.TableMetrics;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a source tells of itself. */
class SourceMetricsIT {
    private static final Duration INTERVAL = Duration.ofMillis(100);

    @EachVersion
    void countsWhatIsReadOfEachTable(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, name text)",
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "INSERT INTO users SELECT i, 'a' FROM generate_series(1, 250) AS i");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder().withBootstrapBatchSize(100));
            assertThat(source.metrics())
                    .isEqualTo(new SourceMetrics(
                            ComponentStatus.STOPPED,
                            Lsn.INVALID,
                            Lsn.INVALID,
                            Optional.empty(),
                            Duration.ZERO,
                            Optional.empty(),
                            0,
                            new SpoolMetrics(0, 0, 0),
                            0,
                            0,
                            Map.of(),
                            List.of(),
                            Optional.empty()));
            Recorder recorder =
                    fixture.record(source, SubscriptionSettings.forQuery("test").withBootstrap());
            source.start();
            assertThat(recorder.snapshot().rows()).hasSize(250);
            Instant before = Instant.now();
            fixture.execute(
                    "BEGIN",
                    "INSERT INTO users VALUES (1000, 'b'), (1001, 'b'), (1002, 'b')",
                    "INSERT INTO orders VALUES (1)",
                    "UPDATE users SET name = 'c' WHERE id >= 1000",
                    "UPDATE users SET id = 2000 WHERE id = 1000",
                    "DELETE FROM users WHERE id = 1001",
                    "COMMIT",
                    "TRUNCATE users, orders");
            recorder.catchUp();
            int truncates = version >= 11 ? 1 : 0; // before, the server does not tell
            SourceMetrics metrics = source.metrics();
            assertThat(metrics.status()).isEqualTo(ComponentStatus.RUNNING);
            assertThat(metrics.tables())
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "users",
                            new TableMetrics(3, 4, 1, truncates, 250),
                            "orders",
                            new TableMetrics(1, 0, 0, truncates, 0)));
            assertThat(metrics.bootstraps()).isEqualTo(1);
            assertThat(metrics.failedAttempts()).isZero();
            assertThat(metrics.lastFailure()).isEmpty();
            assertThat(metrics.transactions()).isGreaterThanOrEqualTo(2);
            assertThat(metrics.lastCommitTime().orElseThrow())
                    .isBetween(before.minusSeconds(1), Instant.now().plusSeconds(1));
            assertThat(metrics.receivedLsn()).isGreaterThanOrEqualTo(metrics.confirmedLsn());
            source.stop();
            assertThat(source.metrics().tables()).isEqualTo(metrics.tables());
            assertThat(source.metrics().subscriptions()).isEmpty();
        }
    }

    @SomeVersion
    void tellsHowFarASubscriberIsBehind(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withStatusInterval(INTERVAL).withDispatchBufferCapacity(2));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("slow"));
            source.start();
            fixture.awaitStreaming(source);
            for (int i = 0; i < 5; i++) {
                fixture.execute("INSERT INTO t VALUES (" + i + ")");
            }
            Await.until("the lag is seen", () -> source.metrics().lag().compareTo(INTERVAL) > 0);
            SourceMetrics behind = source.metrics();
            assertThat(behind.slot().map(SlotReading::unconfirmedBytes).orElseThrow())
                    .isPositive();
            assertThat(behind.subscriptions())
                    .containsExactly(
                            new SubscriptionMetrics("slow", Phase.STREAMING, 2, 2, 0, Optional.<Position>empty()));
            recorder.catchUp();
            Await.until("it has caught up", () -> {
                SourceMetrics now = source.metrics();
                return now.lag().isZero()
                        && now.subscriptions().get(0).waiting() == 0
                        && now.slot()
                                .orElseThrow()
                                .readAt()
                                .isAfter(behind.slot().orElseThrow().readAt());
            });
            assertThat(source.metrics().subscriptions().get(0).confirmed()).isPresent();
        }
    }

    @SomeVersion
    void tellsWhatFailedAndThatItIsTriedAgain(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            Instant before = Instant.now();
            fixture.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
                    + fixture.slotName() + "'");
            Await.until("it is counted", () -> recorder.source().metrics().failedAttempts() > 0);
            SourceMetrics.Failure failure =
                    recorder.source().metrics().lastFailure().orElseThrow();
            assertThat(failure.text()).contains("57P01");
            assertThat(failure.at()).isBetween(before, Instant.now());
            fixture.execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
        }
    }

    @Test
    void tellsThoseWhoListenOfTablesAndSubscriptions() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            AtomicInteger told = new AtomicInteger();
            Runnable leave = source.addMetricsListener(told::incrementAndGet);
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("test"));
            assertThat(told).hasValue(1);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)");
            recorder.catchUp();
            assertThat(told).as("of a table once").hasValue(2);
            recorder.close();
            assertThat(told).hasValue(3);
            leave.run();
            fixture.record(source, SubscriptionSettings.forQuery("another"));
            assertThat(told).hasValue(3);
        }
    }
}
