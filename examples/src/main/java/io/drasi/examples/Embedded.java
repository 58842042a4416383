// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;

/** What the README shows under "Embed it". */
final class Embedded {
    private Embedded() {}

    /** What a program does with the rows and changes. */
    interface View {
        void apply(SourceChange change);
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
                } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
                    changes.confirm(completed.position());
                } else if (event instanceof SourceEvent.Transaction transaction) {
                    transaction.changes().forEach(view::apply);
                    changes.confirm(transaction.position());
                }
            }
        }
    }
}
