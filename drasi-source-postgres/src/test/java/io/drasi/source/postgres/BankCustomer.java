// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber with a thread of its own that comes with a bootstrap, leaves at some moment, and comes again, and each time
 * keeps a {@link Ledger}.
 */
final class BankCustomer implements AutoCloseable {
    private static final Duration SHORT = Duration.ofMillis(20);
    /** A bank that gives nothing for so long has forgotten its customer. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final PostgresReplicationSource source;
    private final SubscriptionSettings settings;
    private final int accounts;
    private final Random random;
    private final AtomicLong visits;
    private final Thread thread;
    private Ledger ledger;
    private volatile @Nullable Lsn closingTime;
    private volatile boolean leaving;
    private volatile @Nullable Throwable failure;

    private BankCustomer(
            PostgresReplicationSource source, String queryId, int accounts, Random random, AtomicLong visits) {
        this.source = source;
        this.settings = SubscriptionSettings.forQuery(queryId).withBootstrap();
        this.accounts = accounts;
        this.random = random;
        this.visits = visits;
        this.ledger = new Ledger(accounts);
        this.thread = new Thread(this::run, "customer-" + queryId);
    }

    /** @param visits counts the subscriptions whose bootstrap was complete */
    static BankCustomer start(
            PostgresReplicationSource source, String queryId, int accounts, Random random, AtomicLong visits) {
        BankCustomer customer = new BankCustomer(source, queryId, accounts, random, visits);
        customer.thread.start();
        return customer;
    }

    private void run() {
        try {
            while (!leaving && !visit()) {
                // comes again
            }
        } catch (InterruptedException | RuntimeException | AssertionError e) {
            failure = e;
        }
    }

    /** One subscription; returns whether it has seen everything until the closing time. */
    private boolean visit() throws InterruptedException {
        ledger = new Ledger(accounts);
        long mostEvents = random.nextInt(4) == 0 ? random.nextInt(30) : 30 + random.nextInt(3000);
        boolean counted = false;
        long lastEvent = System.nanoTime();
        try (Subscription subscription = source.subscribe(settings)) {
            for (long events = 0; !leaving && (events < mostEvents || closingTime != null); ) {
                Lsn end = closingTime; // first, and then what was handed over, and only then what waits
                boolean all = end != null && ledger.complete() && !end.isAfter(source.handedOverLsn());
                Optional<SourceEvent> event = subscription.poll(all ? Duration.ZERO : SHORT);
                if (event.isPresent()) {
                    lastEvent = System.nanoTime();
                    events++;
                    ledger.accept(event.get());
                    Follower.confirm(subscription, event.get());
                    if (ledger.complete() && !counted) {
                        counted = true;
                        visits.incrementAndGet();
                    }
                } else if (all) {
                    return true;
                } else if (System.nanoTime() - lastEvent > PATIENCE.toNanos()) {
                    throw new AssertionError(settings.queryId() + " has been given nothing for " + PATIENCE + " after "
                            + events + " events; the source: " + source.status());
                }
            }
        }
        return false;
    }

    /** Takes what has committed until {@code lsn}, which is all, and is done then. */
    void closeAt(Lsn lsn) {
        closingTime = lsn;
    }

    /** Waits for that. */
    void awaitDone() {
        Await.until(settings.queryId() + " has seen everything", Duration.ofMinutes(2), () -> !thread.isAlive());
        requireNoFailure();
    }

    void assertEqualsTable(Database database) {
        ledger.assertEqualsTable(database);
    }

    void requireNoFailure() {
        Throwable cause = failure;
        if (cause != null) {
            throw new AssertionError(settings.queryId() + " failed: " + cause.getMessage(), cause);
        }
    }

    @Override
    public void close() {
        leaving = true;
        Await.until(settings.queryId() + " has left", () -> !thread.isAlive());
    }
}
