// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PostgresSourceMetricsIT {
    @Test
    void showsWhatASourceDoesAsLongAsItIsBound() throws InterruptedException {
        try (PostgresServer server = PostgresServer.builder(18).start()) {
            server.createDatabase("shop");
            Database database = server.database("shop");
            database.execute(
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "INSERT INTO users SELECT generate_series(1, 40)",
                    "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
            MeterRegistry registry = new SimpleMeterRegistry();
            try (PostgresReplicationSource source = source(server);
                    PostgresSourceMetrics metrics = new PostgresSourceMetrics(source, Tags.of("team", "sales"))) {
                metrics.bindTo(registry);
                assertThat(value(registry, "running")).isZero();
                assertThat(value(registry, "lag.bytes")).isNaN();
                assertThat(value(registry, "received.lsn")).isNaN();
                Subscription subscription =
                        source.subscribe(SubscriptionSettings.forQuery("all").withBootstrap());
                source.start();
                takeBootstrap(subscription);
                database.execute("INSERT INTO users VALUES (100)", "DELETE FROM users WHERE id <= 2");
                takeUntilIdle(subscription);
                Await.until("all is shown", () -> value(registry, "rows", "table", "users", "kind", "delete") == 2);
                assertThat(value(registry, "rows", "table", "users", "kind", "insert"))
                        .isEqualTo(1);
                assertThat(value(registry, "rows", "table", "users", "kind", "snapshot"))
                        .isEqualTo(40);
                assertThat(value(registry, "running", "source", "shop", "team", "sales"))
                        .isEqualTo(1);
                assertThat(value(registry, "bootstraps")).isEqualTo(1);
                assertThat(value(registry, "subscription.streaming", "query", "all"))
                        .isEqualTo(1);
                assertThat(value(registry, "subscription.bootstrap.rows", "query", "all"))
                        .isEqualTo(40);
                assertThat(value(registry, "last.commit.time"))
                        .as("seconds since the epoch")
                        .isCloseTo((double) Instant.now().getEpochSecond(), offset(60.0));
                Await.until("the slot was read", () -> value(registry, "retained.bytes") >= 0);
                assertThat(value(registry, "safe.bytes"))
                        .as("there is no limit")
                        .isNaN();

                subscription.close();
                assertThat(registry.find("drasi.source.subscription.waiting").meters())
                        .isEmpty();
                metrics.close();
                assertThat(registry.getMeters()).isEmpty();
                assertThatThrownBy(() -> metrics.bindTo(registry)).isInstanceOf(IllegalStateException.class);
            }
        }
    }

    private static PostgresReplicationSource source(PostgresServer server) {
        return PostgresReplicationSource.builder("shop")
                .withHost(server.host())
                .withPort(server.port())
                .withDatabase("shop")
                .withUser(server.superuser())
                .withStatusInterval(Duration.ofMillis(100))
                .build();
    }

    private static void takeBootstrap(Subscription subscription) throws InterruptedException {
        while (true) {
            SourceEvent event = subscription.poll(Duration.ofSeconds(30)).orElseThrow();
            if (event instanceof SourceEvent.BootstrapCompleted completed) {
                subscription.confirm(completed.position());
                return;
            }
        }
    }

    private static void takeUntilIdle(Subscription subscription) throws InterruptedException {
        int rows = 0;
        while (rows < 3) {
            Optional<SourceEvent> event = subscription.poll(Duration.ofSeconds(30));
            if (event.orElseThrow() instanceof SourceEvent.Transaction transaction) {
                rows += (int) transaction.size();
                subscription.confirm(transaction.position());
            }
        }
    }

    /** In seconds, if it is a time. */
    private static double value(MeterRegistry registry, String name, String... tags) {
        Meter meter = registry.get("drasi.source." + name).tags(tags).meter();
        return meter.match(
                gauge -> gauge.value(),
                counter -> counter.count(),
                timer -> Double.NaN,
                summary -> Double.NaN,
                task -> Double.NaN,
                time -> time.value(TimeUnit.SECONDS),
                counter -> counter.count(),
                timer -> Double.NaN,
                other -> Double.NaN);
    }
}
