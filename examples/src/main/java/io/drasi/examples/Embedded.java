// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.FailurePolicy;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.store.FilePositionStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Flow;

/** What the README shows under "Embed it". */
final class Embedded {
    private Embedded() {}

    /** What a program does with the rows and changes. */
    interface View {
        void apply(SourceChange change);

        void accept(SourceEvent event);
    }

    static void keepUpToDate(View view, String secret) {
        var source = PostgresReplicationSource.builder("shop")
                .withHost("db.example.com")
                .withDatabase("shop")
                .withUser("drasi")
                .withPassword(secret)
                .withTables("users", "orders")
                .build();
        try (source;
                var changes = source.subscribe(
                        SubscriptionSettings.forQuery("open-orders").withBootstrap())) {
            source.start();
            for (SourceEvent event : changes) {
                if (event instanceof SourceEvent.BootstrapBatch batch) {
                    batch.rows().forEach(view::apply);
                } else if (event instanceof SourceEvent.Transaction transaction) {
                    transaction.changes().forEach(view::apply);
                }
                changes.confirm(event);
            }
        }
    }

    static void keepPositions(View view, PostgresReplicationSource.Builder builder) {
        try (var positions = FilePositionStore.open(Path.of("/var/lib/shop"), "shop");
                var source = builder.withPositionStore(positions).build();
                var changes = source.subscribe(
                        SubscriptionSettings.forQuery("open-orders").withBootstrap())) {
            source.start();
            for (SourceEvent event : changes) {
                view.accept(event);
                changes.confirm(event);
            }
        }
    }

    static void poll(View view, Subscription changes) throws InterruptedException {
        while (!changes.ended()) {
            Optional<SourceEvent> event = changes.poll(Duration.ofSeconds(1));
            event.ifPresent(view::accept);
            event.ifPresent(changes::confirm);
        }
    }

    static void handle(View view, PostgresReplicationSource source, SubscriptionSettings settings) {
        try (source;
                var handling = source.subscribe(settings).handle(view::accept, FailurePolicy.retry())) {
            source.start();
            handling.done().join();
        }
    }

    static void publish(
            Flow.Subscriber<SourceEvent> subscriber, PostgresReplicationSource source, SubscriptionSettings settings) {
        var changes = source.subscribe(settings);
        changes.publisher().subscribe(subscriber);
    }
}
