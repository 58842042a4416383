// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.micrometer;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.source.postgres.health.SourceMetrics;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.health.TableMetrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * Shows what {@link PostgresReplicationSource#metrics} tells in a registry, as meters that begin with {@code drasi.source} and
 * have the tag {@code source}. Meters of tables and subscriptions come and go with these. What is not known, or not now, is
 * NaN.
 *
 * <pre>{@code
 * try (var metrics = new PostgresSourceMetrics(source)) {
 *     metrics.bindTo(registry);
 *     …
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class PostgresSourceMetrics implements MeterBinder, AutoCloseable {
    private static final String PREFIX = "drasi.source.";

    private final PostgresReplicationSource source;
    private final Tags tags;
    private final LatestMetrics latest;
    // All below are guarded by this.
    private final List<Bound> bound = new ArrayList<>();
    private boolean closed;

    public PostgresSourceMetrics(PostgresReplicationSource source) {
        this(source, Tags.empty());
    }

    /** @param tags that all meters get beside {@code source} */
    public PostgresSourceMetrics(PostgresReplicationSource source, Iterable<Tag> tags) {
        this.source = source;
        this.tags = Tags.of(tags).and("source", source.id());
        this.latest = new LatestMetrics(source::metrics, System::nanoTime);
    }

    /** @throws IllegalStateException after {@link #close} */
    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        if (closed) {
            throw new IllegalStateException("closed; make another one for source '" + source.id() + "'");
        }
        bound.add(new Bound(registry));
    }

    /** Takes all meters out of the registries. */
    @Override
    public synchronized void close() {
        closed = true;
        bound.forEach(Bound::close);
        bound.clear();
    }

    /** The meters in one registry. */
    private final class Bound {
        private final MeterRegistry registry;
        private final List<Meter> meters = new ArrayList<>();
        /** Guarded by itself, as all that is changed with tables and subscriptions. */
        private final Map<String, List<Meter>> ofSubscriptions = new HashMap<>();

        private final Set<String> tables = new HashSet<>();
        private boolean over;
        private final Runnable leave;

        Bound(MeterRegistry registry) {
            this.registry = registry;
            bindSource();
            this.leave = source.addMetricsListener(this::bindTablesAndSubscriptions);
            bindTablesAndSubscriptions();
        }

        private void bindSource() {
            gauge(
                    "running",
                    "1 while the source streams",
                    metrics -> metrics.status() == ComponentStatus.RUNNING ? 1 : 0);
            meters.add(TimeGauge.builder(
                            PREFIX + "lag",
                            latest,
                            TimeUnit.NANOSECONDS,
                            all -> nanos(all.get().lag()))
                    .description("How long ago the server's log was where it has not been received yet")
                    .tags(tags)
                    .register(registry));
            bytes("lag.bytes", "What the server has written since what is confirmed", SlotReading::unconfirmedBytes);
            bytes("retained.bytes", "How much log the server keeps for the slot", SlotReading::retainedBytes);
            gauge(
                    "safe.bytes",
                    "How much the server may write before it gives up the slot",
                    metrics -> metrics.slot().map(PostgresSourceMetrics::safe).orElse(Double.NaN));
            gauge(
                    "received.lsn",
                    "Everything that committed before was received",
                    metrics -> lsn(metrics.receivedLsn()));
            gauge("confirmed.lsn", "Everything that ends before is confirmed", metrics -> lsn(metrics.confirmedLsn()));
            time("last.commit.time", "When the last transaction committed", SourceMetrics::lastCommitTime);
            time(
                    "last.failure.time",
                    "When the source had to try again last, or stopped",
                    metrics -> metrics.lastFailure().map(SourceMetrics.Failure::at));
            counter("transactions", "Transactions received", Tags.empty(), SourceMetrics::transactions);
            counter(
                    "transactions.spooled",
                    "Transactions received that did not fit in memory",
                    Tags.empty(),
                    metrics -> metrics.spool().transactions());
            gauge("spool.files", "Files of large transactions", metrics -> metrics.spool().files());
            gauge("spool.bytes", "Bytes in the files of large transactions", metrics -> metrics.spool().bytes());
            counter(
                    "attempts.failed",
                    "Connections that broke or could not be made",
                    Tags.empty(),
                    SourceMetrics::failedAttempts);
            counter("bootstraps", "Bootstraps that were read", Tags.empty(), SourceMetrics::bootstraps);
        }

        private void bytes(String name, String description, ToLongFunction<SlotReading> value) {
            meters.add(Gauge.builder(
                            PREFIX + name,
                            latest,
                            all -> all.get()
                                    .slot()
                                    .map(slot -> (double) value.applyAsLong(slot))
                                    .orElse(Double.NaN))
                    .description(description)
                    .baseUnit(BaseUnits.BYTES)
                    .tags(tags)
                    .register(registry));
        }

        private void gauge(String name, String description, ToDoubleFunction<SourceMetrics> value) {
            meters.add(gauge(name, description, Tags.empty(), value));
        }

        private Meter gauge(String name, String description, Tags more, ToDoubleFunction<SourceMetrics> value) {
            return Gauge.builder(PREFIX + name, latest, all -> value.applyAsDouble(all.get()))
                    .description(description)
                    .tags(tags.and(more))
                    .register(registry);
        }

        private void time(String name, String description, Function<SourceMetrics, Optional<Instant>> value) {
            meters.add(TimeGauge.builder(
                            PREFIX + name,
                            latest,
                            TimeUnit.MILLISECONDS,
                            all -> value.apply(all.get())
                                    .map(at -> (double) at.toEpochMilli())
                                    .orElse(Double.NaN))
                    .description(description)
                    .tags(tags)
                    .register(registry));
        }

        private void counter(String name, String description, Tags more, ToLongFunction<SourceMetrics> value) {
            meters.add(FunctionCounter.builder(PREFIX + name, latest, all -> value.applyAsLong(all.get()))
                    .description(description)
                    .tags(tags.and(more))
                    .register(registry));
        }

        private void bindTablesAndSubscriptions() {
            SourceMetrics now = source.metrics();
            synchronized (ofSubscriptions) {
                if (over) {
                    return;
                }
                now.tables().keySet().stream().filter(tables::add).forEach(this::bindTable);
                Set<String> open = new HashSet<>();
                now.subscriptions().forEach(subscription -> open.add(subscription.queryId()));
                ofSubscriptions.entrySet().removeIf(entry -> {
                    boolean gone = !open.contains(entry.getKey());
                    if (gone) {
                        entry.getValue().forEach(registry::remove);
                    }
                    return gone;
                });
                open.forEach(query -> ofSubscriptions.computeIfAbsent(query, this::bindSubscription));
            }
        }

        private void bindTable(String label) {
            rows(label, "insert", TableMetrics::inserts);
            rows(label, "update", TableMetrics::updates);
            rows(label, "delete", TableMetrics::deletes);
            rows(label, "truncate", TableMetrics::truncates);
            rows(label, "snapshot", TableMetrics::snapshotRows);
        }

        private void rows(String label, String kind, ToLongFunction<TableMetrics> value) {
            counter("rows", "Rows received; truncates of a table", Tags.of("table", label, "kind", kind), metrics -> {
                TableMetrics table = metrics.tables().get(label);
                return table == null ? 0 : value.applyAsLong(table);
            });
        }

        private List<Meter> bindSubscription(String query) {
            return List.of(
                    ofSubscription(
                            query, "waiting", "Events that wait for the subscriber", SubscriptionMetrics::waiting),
                    ofSubscription(query, "capacity", "So many events wait at most", SubscriptionMetrics::capacity),
                    ofSubscription(
                            query,
                            "bootstrap.rows",
                            "Rows of its last bootstrap that were put in",
                            SubscriptionMetrics::bootstrapRows),
                    ofSubscription(
                            query,
                            "streaming",
                            "1 once it has had its bootstrap, if it wants one, and follows the stream",
                            subscription -> subscription.phase() == SubscriptionMetrics.Phase.STREAMING ? 1 : 0));
        }

        private Meter ofSubscription(
                String query, String name, String description, ToDoubleFunction<SubscriptionMetrics> value) {
            return gauge(
                    "subscription." + name,
                    description,
                    Tags.of("query", query),
                    metrics -> metrics.subscriptions().stream()
                            .filter(subscription -> subscription.queryId().equals(query))
                            .mapToDouble(value)
                            .findFirst()
                            .orElse(Double.NaN));
        }

        void close() {
            leave.run();
            synchronized (ofSubscriptions) {
                over = true;
                meters.forEach(registry::remove);
                ofSubscriptions.values().forEach(all -> all.forEach(registry::remove));
            }
        }
    }

    private static double nanos(Duration duration) {
        return duration.toNanos();
    }

    private static double safe(SlotReading slot) {
        OptionalLong safe = slot.safeWalSize();
        return safe.isPresent() ? safe.getAsLong() : Double.NaN;
    }

    /** Unsigned; exact up to 2^53. */
    private static double lsn(Lsn lsn) {
        return lsn.isValid() ? (lsn.value() >>> 1) * 2.0 + (lsn.value() & 1) : Double.NaN;
    }
}
