// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.FAR;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.streaming;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.transaction.TransactionFixture;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** How a queue holds the source back or loses, and how it ends. */
class SubscriptionQueueTest {
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    @Test
    void holdsTheSourceBackWhenItsQueueIsFull() throws Exception {
        Subscriptions narrow = subscriptions(DispatchMode.CHANNEL, 1);
        SourceSubscription subscription = narrow.open(SubscriptionSettings.forQuery("q"));
        narrow.beginStream();
        narrow.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        Thread source = new Thread(() -> narrow.handOut(TransactionFixture.transaction(200, 210, "users", 1)));
        source.start();
        Await.until("the source waits", () -> source.getState() == Thread.State.WAITING);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        source.join(30_000);
        assertThat(source.isAlive()).isFalse();
        assertThat(transaction(subscription).commitLsn()).isEqualTo(200);
    }

    @Test
    void letsTheSourceGoWhenItIsClosed() throws Exception {
        Subscriptions narrow = subscriptions(DispatchMode.CHANNEL, 1);
        SourceSubscription subscription = narrow.open(SubscriptionSettings.forQuery("q"));
        narrow.beginStream();
        narrow.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        Thread source = new Thread(() -> narrow.handOut(TransactionFixture.transaction(200, 210, "users", 1)));
        source.start();
        Await.until("the source waits", () -> source.getState() == Thread.State.WAITING);
        subscription.close();
        source.join(30_000);
        assertThat(source.isAlive()).isFalse();
        assertThat(subscription.ended()).isTrue();
        assertThat(subscription.poll(NOW)).isEmpty();
        assertThat(subscription.iterator().hasNext()).isFalse();
    }

    @Test
    void tellsHowMuchWasLostWhenItLagsBehindABroadcast() throws Exception {
        Subscriptions broadcast = subscriptions(DispatchMode.BROADCAST, 2);
        SourceSubscription subscription = broadcast.open(SubscriptionSettings.forQuery("q"));
        SourceSubscription other = broadcast.open(SubscriptionSettings.forQuery("other"));
        broadcast.beginStream();
        for (int i = 1; i <= 5; i++) {
            broadcast.handOut(TransactionFixture.transaction(100L * i, 100L * i + 10, "users", 1));
            transaction(other);
        }
        assertThatThrownBy(() -> subscription.poll(NOW))
                .isInstanceOfSatisfying(
                        SubscriptionLaggedException.class,
                        lagged -> assertThat(lagged.lostEvents()).isEqualTo(5))
                .hasMessageContaining("dispatch_buffer_capacity (now 2)");
        assertThat(broadcast.isEmpty()).isFalse();
        other.confirm(new Position(500, 0));
        assertThat(broadcast.confirmedUpTo(FAR))
                .as("a lagged one holds nothing")
                .isEqualTo(FAR);
    }

    /** Whoever hears that the subscription is gone may wait for another thread, which asks the subscription something. */
    @Test
    void holdsNoLockWhenItTellsThatALaggedOneIsGone() {
        AtomicReference<SourceSubscription> asked = new AtomicReference<>();
        Subscriptions broadcasting = new Subscriptions(
                "source",
                DispatchMode.BROADCAST,
                1,
                () -> Optional.ofNullable(asked.get()).ifPresent(SubscriptionQueueTest::requireAnswer),
                () -> {});
        SourceSubscription lagging = broadcasting.open(SubscriptionSettings.forQuery("lagging"));
        broadcasting.beginStream();
        broadcasting.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        broadcasting.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        asked.set(lagging);
        assertThatThrownBy(() -> lagging.poll(NOW)).hasMessageContaining("lagged behind");
        assertThat(broadcasting.isEmpty()).isTrue();
    }

    private static void requireAnswer(SourceSubscription subscription) {
        assertThat(CompletableFuture.supplyAsync(subscription::confirmedLsn)).succeedsWithin(Duration.ofSeconds(10));
    }

    @Test
    void isGivenWhatWaitsBeforeAFailure() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        SetupException failure = new SetupException("broken", null, null);
        subscriptions.endAll(failure);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        assertThatThrownBy(() -> subscription.poll(NOW)).isSameAs(failure);
        assertThatThrownBy(() -> subscription.iterator().hasNext()).isSameAs(failure);
    }

    /** Each takes 100 bytes there. */
    @Test
    void holdsTheStreamBackWhenTheTransactionsInItTakeTooMuchMemory() throws Exception {
        Subscriptions small = subscriptions(new QueueLimits(DispatchMode.CHANNEL, 1000, 150));
        SourceSubscription subscription = streaming(small, "q");
        Thread source = new Thread(() -> {
            for (int i = 1; i <= 4; i++) {
                small.handOut(TransactionFixture.transaction(100L * i, 100L * i + 10, "users", 1));
            }
        });
        source.start();
        for (int i = 1; i <= 2; i++) {
            Await.until("the source waits", () -> source.getState() == Thread.State.WAITING);
            assertThat(subscription.waiting()).isEqualTo(2);
            assertThat(transaction(subscription).commitLsn()).isEqualTo(100L * i);
            Await.until("another one is put in", () -> subscription.waiting() == 2);
        }
        source.join(30_000);
        assertThat(source.isAlive()).isFalse();
    }

    @Test
    void lagsWhenTheTransactionsInItTakeTooMuchMemoryHoweverLargeTheFirst() throws Exception {
        Subscriptions small = subscriptions(new QueueLimits(DispatchMode.BROADCAST, 1000, 150));
        SourceSubscription subscription = streaming(small, "q");
        small.handOut(TransactionFixture.transaction(100, 110, "users", 5));
        assertThat(transaction(subscription).size()).isEqualTo(5);
        for (int i = 2; i <= 4; i++) {
            small.handOut(TransactionFixture.transaction(100L * i, 100L * i + 10, "users", 1));
        }
        assertThatThrownBy(() -> subscription.poll(NOW))
                .isInstanceOfSatisfying(
                        SubscriptionLaggedException.class,
                        lagged -> assertThat(lagged.lostEvents()).isEqualTo(3))
                .hasMessageContaining("max_transaction_memory (now 150 bytes)");
    }
}
