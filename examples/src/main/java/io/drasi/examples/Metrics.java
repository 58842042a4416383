// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.micrometer.PostgresSourceMetrics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** Shows a source's metrics in a Micrometer registry; a program would have the registry of its monitoring system. */
final class Metrics {
    private Metrics() {}

    public static void main(String[] args) {
        var source = PostgresReplicationSource.builder("shop")
                .withDatabase("shop")
                .withUser("drasi")
                .withPassword("password")
                .build();
        MeterRegistry registry = new SimpleMeterRegistry();
        var metrics = new PostgresSourceMetrics(source);
        metrics.bindTo(registry);
        try (source;
                metrics;
                var changes = source.subscribe(SubscriptionSettings.forQuery("all"))) {
            source.start();
            for (SourceEvent event : changes) {
                changes.confirm(event);
                print(registry);
            }
        }
    }

    private static void print(MeterRegistry registry) {
        for (Meter meter : registry.getMeters()) {
            System.out.println(meter.getId() + ": " + meter.measure());
        }
    }
}
