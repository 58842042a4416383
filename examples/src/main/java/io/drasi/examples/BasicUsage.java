// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;

/** Specification, "Basic Usage": prints the changes of two tables until Ctrl-C. */
final class BasicUsage {
    private BasicUsage() {}

    public static void main(String[] args) {
        PostgresReplicationSource source = PostgresReplicationSource.builder("pg-source")
                .withHost("localhost")
                .withDatabase("myapp")
                .withUser("postgres")
                .withPassword("password")
                .withTables("users", "orders")
                .build();
        // Stopping ends the subscriptions, and with them the loop below.
        Runtime.getRuntime().addShutdownHook(new Thread(source::stop));

        try (source;
                Subscription changes = source.subscribe(SubscriptionSettings.forQuery("print"))) {
            source.start();
            for (SourceEvent event : changes) {
                if (event instanceof SourceEvent.Transaction transaction) {
                    transaction.changes().forEach(System.out::println);
                    changes.confirm(transaction.position());
                }
            }
        }
    }
}
