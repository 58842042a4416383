// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A subscriber with a thread of its own, that has every event checked and then confirms it. */
final class Follower implements AutoCloseable {
    private final Subscription subscription;
    private final DeliveryCheck check;
    private final Thread thread;
    private volatile @Nullable Throwable failure;

    private Follower(Subscription subscription, DeliveryCheck check) {
        this.subscription = subscription;
        this.check = check;
        this.thread = new Thread(this::run, "follower-" + subscription.queryId());
    }

    /** Subscribes, and begins to take events. */
    static Follower of(PostgresReplicationSource source, SubscriptionSettings settings) {
        return of(source.subscribe(settings), new DeliveryCheck());
    }

    /** Goes on with what {@code check} has seen; it owns the subscription. */
    static Follower of(Subscription subscription, DeliveryCheck check) {
        Follower follower = new Follower(subscription, check);
        follower.thread.start();
        return follower;
    }

    DeliveryCheck check() {
        return check;
    }

    Subscription subscription() {
        return subscription;
    }

    private void run() {
        try {
            for (SourceEvent event : subscription) {
                check.accept(event);
                confirm(subscription, event);
            }
        } catch (RuntimeException | AssertionError e) {
            failure = e;
        }
    }

    static void confirm(Subscription subscription, SourceEvent event) {
        if (event instanceof SourceEvent.Transaction transaction) {
            subscription.confirm(transaction.position());
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            subscription.confirm(completed.position());
        }
    }

    /** Commits something, and waits until it has come, and with it all that committed before. */
    void catchUp(Database database) {
        awaitMark(mark(database));
    }

    /** Commits something that {@link #awaitMark} can wait for. */
    static long mark(Database database) {
        return Long.parseLong(database.queryOne("INSERT INTO marks DEFAULT VALUES RETURNING id"));
    }

    void awaitMark(long mark) {
        Await.until("mark " + mark + " was delivered to " + subscription.queryId(), () -> {
            requireNoFailure();
            return check.has("marks", mark);
        });
    }

    /** Waits until the check has counted that many transactions. */
    void awaitTransactions(long count) {
        Await.until(count + " transactions were delivered to " + subscription.queryId(), () -> {
            requireNoFailure();
            return check.transactions() >= count;
        });
    }

    void awaitBootstrap() {
        Await.until("the bootstrap of " + subscription.queryId(), () -> {
            requireNoFailure();
            return check.bootstraps() > 0;
        });
    }

    /** What ended the following, if something did. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    void requireNoFailure() {
        failure().ifPresent(cause -> {
            throw new AssertionError(subscription.queryId() + " failed: " + cause.getMessage(), cause);
        });
    }

    /** Waits until the subscription has ended. */
    void awaitEnd() {
        Await.until("the subscription has ended", () -> !thread.isAlive());
    }

    /** Closes the subscription and waits for the thread. */
    @Override
    public void close() {
        subscription.close();
        awaitEnd();
        requireNoFailure();
    }
}
