// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Await;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HandlerThreadTest {
    private static final FailurePolicy SOON = FailurePolicy.retry(Duration.ofMillis(1), Duration.ofMillis(2));
    private static final FailurePolicy NOT_SOON = FailurePolicy.retry(Duration.ofHours(1), Duration.ofHours(1));
    private static final Duration LONG = Duration.ofSeconds(30);

    private final QueuedSubscription subscription = new QueuedSubscription("handled");
    private final List<SourceEvent> handled = new CopyOnWriteArrayList<>();

    @Test
    void doesNotTryAgainWhatAnotherAttemptDoesNotHelp() {
        final class Unreadable extends RuntimeException implements FinalFailure {
            private static final long serialVersionUID = 1;
        }
        subscription.put(NumberedTransaction.of(1));
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    throw new Unreadable();
                },
                SOON);
        assertThat(handling.done())
                .failsWithin(LONG)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(Unreadable.class);
        assertThat(handled).hasSize(1);
    }

    @Test
    void confirmsTransactionsAndBootstrapsAfterTheHandlerHasReturned() {
        Position snapshot = new Position(7, -1);
        SourceEvent[] events = {
            new SourceEvent.BootstrapStarted(snapshot, Instant.EPOCH, List.of("users")),
            new SourceEvent.BootstrapCompleted(snapshot, 0),
            new SourceEvent.SchemaChanged(
                    new Position(8, -1), "users", Optional.empty(), List.of("id"), List.of("changed"), false),
            NumberedTransaction.of(8),
        };
        List<Integer> confirmedBefore = new CopyOnWriteArrayList<>();
        subscription.put(events).stop();
        Handling handling = subscription.handle(
                event -> {
                    confirmedBefore.add(subscription.confirmed().size());
                    handled.add(event);
                },
                FailurePolicy.end());
        assertThat(handling.done()).succeedsWithin(LONG);
        assertThat(handled).containsExactly(events);
        assertThat(confirmedBefore).containsExactly(0, 0, 1, 1);
        assertThat(subscription.confirmed()).containsExactly(snapshot, new Position(8, 0));
        assertThat(subscription.closed()).isTrue();
    }

    @Test
    void givesTheSameEventAgainAndConfirmsNothingMeanwhile() {
        subscription.put(NumberedTransaction.upTo(3)).stop();
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    if (handled.size() < 5 && event.equals(NumberedTransaction.of(2))) {
                        assertThatConfirmed(1);
                        throw new IOException("not now");
                    }
                },
                SOON);
        assertThat(handling.done()).succeedsWithin(LONG);
        assertThat(handled)
                .extracting(event -> ((NumberedTransaction) event).number())
                .containsExactly(1L, 2L, 2L, 2L, 2L, 3L);
        assertThatConfirmed(1, 2, 3);
    }

    @Test
    void endsWithTheFirstFailureIfThatIsThePolicy() {
        Exception mistake = new IOException("no space");
        subscription.put(NumberedTransaction.upTo(3));
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    if (handled.size() == 2) {
                        throw mistake;
                    }
                },
                FailurePolicy.end());
        assertThatThrownBy(() -> handling.done().join())
                .isInstanceOf(CompletionException.class)
                .hasCause(mistake);
        assertThat(handled).hasSize(2);
        assertThatConfirmed(1);
        assertThat(subscription.closed()).isTrue();
        handling.close();
    }

    @Test
    void asksThePolicyWithTheNumberOfTheAttempt() {
        List<Integer> attempts = new CopyOnWriteArrayList<>();
        subscription.put(NumberedTransaction.upTo(1));
        Handling handling = subscription.handle(
                event -> {
                    throw new IllegalStateException("always");
                },
                (event, thrown, attempt) -> {
                    assertThat(event).isEqualTo(NumberedTransaction.of(1));
                    assertThat(thrown).hasMessage("always");
                    attempts.add(attempt);
                    return attempt < 3 ? Optional.of(Duration.ZERO) : Optional.empty();
                });
        assertThat(handling.done()).failsWithin(LONG).withThrowableThat().withMessageContaining("always");
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThatConfirmed();
    }

    @Test
    void endsWithAnErrorAndWithAPolicyThatThrows() {
        subscription.put(NumberedTransaction.upTo(1));
        Error error = new AssertionError("wrong");
        Handling handling = subscription.handle(
                event -> {
                    throw error;
                },
                SOON);
        assertThatThrownBy(() -> handling.done().join()).hasCause(error);
        assertThatConfirmed();

        QueuedSubscription other = new QueuedSubscription("other").put(NumberedTransaction.upTo(1));
        Handling second = other.handle(
                event -> {
                    throw error;
                },
                (event, thrown, attempt) -> {
                    throw new IllegalStateException("undecided");
                });
        assertThatThrownBy(() -> second.done().join())
                .cause()
                .hasMessage("undecided")
                .hasSuppressedException(error);
        assertThat(other.closed()).isTrue();
    }

    @Test
    void tellsTheFailureOfTheSourceAfterWhatCameBefore() {
        RuntimeException cause = new IllegalStateException("the server is gone");
        subscription.put(NumberedTransaction.upTo(2)).fail(cause);
        Handling handling = subscription.handle(handled::add, SOON);
        assertThatThrownBy(() -> handling.done().join()).hasCause(cause);
        assertThatConfirmed(1, 2);
    }

    @Test
    void tellsThatAPositionCouldNotBeConfirmed() {
        Subscription refusing = new RefusingSubscription(subscription.put(NumberedTransaction.upTo(2)));
        Handling handling = refusing.handle(handled::add, SOON);
        assertThat(handling.done()).failsWithin(LONG).withThrowableThat().withMessageContaining("never given");
        assertThat(handled).hasSize(1);
    }

    @Test
    void waitsForTheHandlerWhenItIsClosed() {
        CountDownLatch free = new CountDownLatch(1);
        subscription.put(NumberedTransaction.upTo(3));
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    free.await();
                },
                SOON);
        Await.until("the handler is at work", () -> !handled.isEmpty());
        Thread closing = new Thread(handling::close);
        closing.start();
        Await.until("close waits", () -> closing.getState() == Thread.State.WAITING);
        assertThat(subscription.closed()).isFalse();
        free.countDown();
        Await.until("close returns", () -> !closing.isAlive());
        assertThat(handling.done()).isCompleted();
        assertThat(subscription.closed()).isTrue();
        assertThat(handled).hasSize(1);
        assertThatConfirmed(1);
        handling.close();
    }

    @Test
    void isClosedWhileItWaitsForAnEvent() {
        Handling handling = subscription.handle(handled::add, SOON);
        handling.close();
        assertThat(handling.done()).isCompleted();
        assertThat(subscription.closed()).isTrue();
    }

    @Test
    void isClosedByItsHandler() {
        AtomicReference<Handling> handling = new AtomicReference<>();
        CountDownLatch known = new CountDownLatch(1);
        subscription.put(NumberedTransaction.upTo(3));
        handling.set(subscription.handle(
                event -> {
                    known.await();
                    handled.add(event);
                    handling.get().close();
                    assertThat(subscription.closed()).isFalse();
                },
                SOON));
        known.countDown();
        assertThat(handling.get().done()).succeedsWithin(LONG);
        assertThat(handled).hasSize(1);
        assertThatConfirmed(1);
    }

    @Test
    void doesNotTryAgainWhatFailedOnceItIsClosed() {
        subscription.put(NumberedTransaction.upTo(2));
        Handling handling = subscription.handle(this::fail, NOT_SOON);
        Await.until("the handler has failed", () -> !handled.isEmpty());
        handling.close();
        assertThat(handling.done()).isCompleted();
        assertThat(handled).hasSize(1);
        assertThatConfirmed();
    }

    @Test
    void doesNotTryAgainWhatFailedOnceTheSubscriptionHasEnded() {
        subscription.put(NumberedTransaction.upTo(1));
        Handling handling = subscription.handle(this::fail, NOT_SOON);
        Await.until("the handler has failed", () -> !handled.isEmpty());
        subscription.stop();
        assertThat(handling.done()).succeedsWithin(LONG);
        assertThat(handled).hasSize(1);
        assertThatConfirmed();
    }

    @Test
    void interruptsAStuckHandlerWhenTheOneThatClosesIsInterrupted() throws InterruptedException {
        subscription.put(NumberedTransaction.upTo(2));
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    new CountDownLatch(1).await();
                },
                FailurePolicy.end());
        Await.until("the handler is stuck", () -> !handled.isEmpty());
        AtomicReference<Boolean> flag = new AtomicReference<>();
        Thread closing = new Thread(() -> {
            handling.close();
            flag.set(Thread.currentThread().isInterrupted());
        });
        closing.start();
        closing.interrupt();
        closing.join();
        assertThat(flag).hasValue(true);
        assertThatThrownBy(() -> handling.done().join()).hasCauseInstanceOf(InterruptedException.class);
        assertThat(handled).hasSize(1);
        assertThatConfirmed();
    }

    @Test
    void leavesAStuckHandlerBehindWhenTheSubscriptionIsClosed() {
        CountDownLatch free = new CountDownLatch(1);
        AtomicReference<Thread> thread = new AtomicReference<>();
        subscription.put(NumberedTransaction.upTo(2));
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    thread.set(Thread.currentThread());
                    free.await();
                },
                SOON);
        Await.until("the handler is stuck", () -> thread.get() != null);
        assertThat(thread.get().isDaemon()).isTrue();
        assertThat(thread.get().getName()).isEqualTo("drasi-query-handled");
        subscription.close();
        assertThat(handling.done()).isNotDone();
        free.countDown();
        assertThat(handling.done()).succeedsWithin(LONG);
        assertThat(handled).hasSize(1);
    }

    @Test
    void goesOnAfterAHandlerThatLeavesItsThreadInterrupted() {
        subscription.put(NumberedTransaction.upTo(3)).stop();
        Handling handling = subscription.handle(
                event -> {
                    handled.add(event);
                    Thread.currentThread().interrupt();
                },
                SOON);
        assertThat(handling.done()).succeedsWithin(LONG);
        assertThatConfirmed(1, 2, 3);
    }

    @Test
    void isClosedFromWhatFollowsItsEnd() {
        subscription.put(NumberedTransaction.upTo(1));
        Handling handling = subscription.handle(handled::add, SOON);
        CompletableFuture<Void> after = handling.done().thenRun(handling::close);
        subscription.stop();
        assertThat(after).succeedsWithin(LONG);
    }

    @Test
    void refusesASecondHandler() {
        Handling handling = subscription.handle(handled::add, SOON);
        assertThatThrownBy(() -> subscription.handle(handled::add, SOON))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'handled'");
        handling.close();
        assertThatThrownBy(subscription::publisher).isInstanceOf(IllegalStateException.class);
    }

    private void fail(SourceEvent event) {
        handled.add(event);
        throw new IllegalStateException("does not work");
    }

    private void assertThatConfirmed(long... numbers) {
        assertThat(subscription.confirmed()).isEqualTo(NumberedTransaction.positions(numbers));
    }
}
