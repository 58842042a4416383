// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.nio.file.Path;

/**
 * A complete program: keeps the ids and states of all orders in a file and prints how many are in which state. The
 * file also holds the position up to which it is true, and both are written in one step. So the program can be killed at
 * any moment and started again: each change is counted once.
 *
 * <p>Usage: {@code OpenOrders HOST PORT DATABASE USER FILE}, with the password in {@code PGPASSWORD}. Needs a table {@code
 * orders} with a primary key and a column {@code status}, and {@code CREATE PUBLICATION drasi_publication FOR TABLE
 * orders}.
 */
public final class OpenOrders {
    private final OrderStates states;
    private final Subscription changes;

    private OpenOrders(OrderStates states, Subscription changes) {
        this.states = states;
        this.changes = changes;
    }

    public static void main(String[] args) {
        if (args.length != 5) {
            System.err.println("Usage: OpenOrders HOST PORT DATABASE USER FILE");
            System.exit(2);
        }
        PostgresReplicationSource source = PostgresReplicationSource.builder("orders")
                .withHost(args[0])
                .withPort(Integer.parseInt(args[1]))
                .withDatabase(args[2])
                .withUser(args[3])
                .withPassword(System.getenv().getOrDefault("PGPASSWORD", ""))
                .withTables("orders")
                .withSlotName("drasi_open_orders")
                .build();
        source.addStatusListener(status -> System.err.println(
                status.status() + status.message().map(text -> ": " + text).orElse("")));
        Runtime.getRuntime().addShutdownHook(new Thread(source::stop));

        OrderStates states = OrderStates.load(Path.of(args[4]));
        SubscriptionSettings settings = SubscriptionSettings.forQuery("open-orders");
        settings = states.position().map(settings::withResumeFrom).orElse(settings.withBootstrap());
        try (source;
                Subscription changes = source.subscribe(settings)) {
            source.start();
            new OpenOrders(states, changes).run();
        }
    }

    private void run() {
        for (SourceEvent event : changes) {
            handle(event);
        }
    }

    private void handle(SourceEvent event) {
        if (event instanceof SourceEvent.BootstrapStarted) {
            states.clear();
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            batch.rows().forEach(states::apply);
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            states.save(completed.position());
            changes.confirm(completed.position());
            System.out.println("orders at the start: " + states.counts());
        } else if (event instanceof SourceEvent.Transaction transaction) {
            transaction.changes().forEach(states::apply);
            // First the file, then the confirmation: what is confirmed never comes again.
            states.save(transaction.position());
            changes.confirm(transaction.position());
            System.out.println(transaction.commitTime() + " " + states.counts());
        }
    }
}
