// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Await;
import java.util.ServiceLoader;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestEngine;

/** What {@link EventPublisherTckTest} does not ask. */
class EventPublisherTest {
    private final QueuedSubscription subscription = new QueuedSubscription("published");

    /** Without the engine the TCK would not fail, but not run. */
    @Test
    void isAskedByTheTckInThisBuild() {
        assertThat(ServiceLoader.load(TestEngine.class))
                .extracting(TestEngine::getId)
                .contains("testng");
    }

    @Test
    void givesEventsAsTheyAreRequestedAndConfirmsNone() {
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber());
        subscription.put(NumberedTransaction.upTo(3));
        subscriber.upstream().request(2);
        Await.until("two events", () -> subscriber.events().size() == 2);
        assertThat(subscriber.events()).containsExactly(NumberedTransaction.of(1), NumberedTransaction.of(2));
        assertThat(subscription.confirmed()).isEmpty();
        subscriber.events().forEach(subscription::confirm);
        assertThat(subscription.confirmed()).isEqualTo(NumberedTransaction.positions(1, 2));
        subscription.stop();
        assertThat(subscriber.completed()).isFalse();
        subscriber.upstream().request(1);
        Await.until("the end", subscriber::completed);
        assertThat(subscriber.events()).hasSize(3);
        assertThat(subscriber.failure()).isNull();
    }

    @Test
    void bringsTheFailureOfTheSourceAfterWhatCameBefore() {
        RuntimeException cause = new IllegalStateException("the server is gone");
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber());
        subscription.put(NumberedTransaction.upTo(2)).fail(cause);
        subscriber.upstream().request(Long.MAX_VALUE);
        Await.until("the failure", () -> subscriber.failure() != null);
        assertThat(subscriber.failure()).isSameAs(cause);
        assertThat(subscriber.events()).hasSize(2);
        assertThat(subscriber.completed()).isFalse();
    }

    @Test
    void completesWithoutARequestWhenTheSubscriptionIsClosed() {
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber());
        subscription.put(NumberedTransaction.upTo(2));
        subscriber.upstream();
        subscription.close();
        Await.until("the end", subscriber::completed);
        assertThat(subscriber.events()).isEmpty();
        awaitNoThread();
    }

    @Test
    void closesTheSubscriptionOfASubscriberThatCancels() {
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber());
        subscriber.upstream().request(1);
        subscriber.upstream().cancel();
        assertThat(subscription.closed()).isTrue();
        awaitNoThread();
        assertThat(subscriber.completed()).isFalse();
        assertThat(subscriber.failure()).isNull();
    }

    @Test
    void isClosedBeforeTheRefusalOfAWrongRequestIsHeard() {
        AtomicReference<Boolean> closed = new AtomicReference<>();
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber() {
            @Override
            public synchronized void onError(Throwable cause) {
                closed.set(subscription.closed());
                super.onError(cause);
            }
        });
        subscriber.upstream().request(0);
        Await.until("the failure", () -> subscriber.failure() != null);
        assertThat(subscriber.failure())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was 0");
        assertThat(closed).hasValue(true);
    }

    @Test
    void endsWithASubscriberThatThrows() throws InterruptedException {
        RuntimeException mistake = new IllegalStateException("breaks rule 2.13");
        BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber(event -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
            throw mistake;
        }));
        subscription.put(NumberedTransaction.upTo(3));
        subscriber.upstream().request(3);
        assertThat(uncaught.poll(30, TimeUnit.SECONDS)).isSameAs(mistake);
        assertThat(subscription.closed()).isTrue();
        assertThat(subscriber.events()).containsExactly(NumberedTransaction.of(1));
        assertThat(subscriber.completed()).isFalse();
        assertThat(subscription.confirmed()).isEmpty();
    }

    @Test
    void letsAStuckSubscriberBe() throws InterruptedException {
        CountDownLatch free = new CountDownLatch(1);
        AtomicReference<Thread> thread = new AtomicReference<>();
        CollectingSubscriber subscriber = subscribed(new CollectingSubscriber(event -> {
            thread.set(Thread.currentThread());
            awaitUninterrupted(free);
        }));
        subscription.put(NumberedTransaction.upTo(2));
        subscriber.upstream().request(2);
        Await.until("it is stuck", () -> thread.get() != null);
        assertThat(thread.get().isDaemon()).isTrue();
        assertThat(thread.get().getName()).isEqualTo("drasi-query-published");
        thread.get().interrupt();
        subscription.close();
        assertThat(subscriber.completed()).isFalse();
        free.countDown();
        Await.until("the end", subscriber::completed);
        assertThat(subscriber.events()).hasSize(1);
    }

    @Test
    void refusesASecondSubscriberAndASecondPublisher() {
        var publisher = subscription.publisher();
        CollectingSubscriber first = new CollectingSubscriber();
        CollectingSubscriber second = new CollectingSubscriber();
        publisher.subscribe(first);
        publisher.subscribe(second);
        assertThat(second.failure()).isInstanceOf(IllegalStateException.class).hasMessageContaining("'published'");
        second.upstream().request(1);
        second.upstream().cancel();
        assertThat(subscription.closed()).isFalse();
        assertThatThrownBy(subscription::publisher).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> subscription.handle(event -> {}, FailurePolicy.end()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'published'");
        first.upstream().cancel();
    }

    private CollectingSubscriber subscribed(CollectingSubscriber subscriber) {
        subscription.publisher().subscribe(subscriber);
        return subscriber;
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void awaitNoThread() {
        Await.until(
                "the thread has ended",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("drasi-query-published")));
    }
}
