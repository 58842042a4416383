// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Takes the events of a subscription, gives each to a handler until that returns, and confirms it. */
final class HandlerThread implements Handling {
    private static final Logger LOGGER = System.getLogger(Handling.class.getName());

    private final Subscription subscription;
    private final EventHandler handler;
    private static final int MOST_CAUSES = 20;

    private final FailurePolicy policy;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Both are guarded by the lock.
    private boolean closing;
    /** From before the handler is called until the event is confirmed. */
    private boolean handling;

    private HandlerThread(Subscription subscription, EventHandler handler, FailurePolicy policy) {
        this.subscription = subscription;
        this.handler = handler;
        this.policy = policy;
        this.thread = EventThread.of(subscription, this::run);
    }

    static Handling start(Subscription subscription, EventHandler handler, FailurePolicy policy) {
        HandlerThread handling = new HandlerThread(subscription, handler, policy);
        handling.thread.start();
        return handling;
    }

    @Override
    public CompletableFuture<Void> done() {
        return done;
    }

    @Override
    public void close() {
        boolean idle;
        lock.lock();
        try {
            closing = true;
            idle = !handling;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (idle) {
            subscription.close(); // else the thread does it, after the event is confirmed
        }
        if (Thread.currentThread() != thread) {
            awaitDone();
        }
    }

    private void awaitDone() {
        try {
            done.get();
        } catch (ExecutionException e) {
            // for whoever asks done()
        } catch (InterruptedException e) {
            interruptHandler();
            Thread.currentThread().interrupt();
        }
    }

    private void interruptHandler() {
        lock.lock();
        try {
            if (handling) {
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        Throwable failure = null;
        try {
            handleAll();
        } catch (Throwable e) {
            failure = e instanceof Ended ended ? ended.failure : e;
        }
        try {
            subscription.close(); // first, so that the query can subscribe again when it hears of the end
        } catch (RuntimeException e) {
            failure = failure == null ? e : failure;
        }
        if (failure == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(failure);
        }
    }

    private void handleAll() throws Ended {
        Optional<SourceEvent> event = EventThread.take(subscription);
        while (event.isPresent() && handle(event.get())) {
            event = EventThread.take(subscription);
        }
    }

    /** Returns whether the event was handled, and not given up because of an end. */
    private boolean handle(SourceEvent event) throws Ended {
        for (int attempt = 1; ; attempt++) {
            if (!beginHandling()) {
                return false;
            }
            Optional<Throwable> thrown;
            try {
                thrown = attempt(event);
                if (thrown.isEmpty()) {
                    subscription.confirm(event);
                    return true;
                }
            } finally {
                endHandling();
            }
            if (isFinal(thrown.get())) {
                throw new Ended(thrown.get());
            }
            if (!pause(retryAfter(event, thrown.get(), attempt))) {
                return false;
            }
        }
    }

    private static boolean isFinal(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++) {
            if (cause instanceof FinalFailure) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    private Optional<Throwable> attempt(SourceEvent event) {
        try {
            handler.handle(event);
            return Optional.empty();
        } catch (Throwable e) {
            return Optional.of(e);
        }
    }

    private boolean beginHandling() {
        lock.lock();
        try {
            handling = !closing;
            return handling;
        } finally {
            lock.unlock();
        }
    }

    private void endHandling() {
        lock.lock();
        try {
            handling = false;
            Thread.interrupted(); // it was for the handler
        } finally {
            lock.unlock();
        }
    }

    private Duration retryAfter(SourceEvent event, Throwable thrown, int attempt) throws Ended {
        Optional<Duration> wait;
        try {
            wait = policy.retryAfter(event, thrown, attempt);
        } catch (RuntimeException | Error e) {
            e.addSuppressed(thrown);
            throw e;
        }
        if (wait.isEmpty()) {
            throw new Ended(thrown);
        }
        LOGGER.log(
                Level.WARNING,
                "query '" + subscription.queryId() + "' failed to handle " + named(event) + " (attempt " + attempt
                        + "), gets it again in " + wait.get().toMillis() + " ms",
                thrown);
        return wait.get();
    }

    private static String named(SourceEvent event) {
        return event instanceof SourceEvent.Transaction transaction
                ? "the transaction at " + transaction.position()
                : "a " + event.getClass().getSimpleName();
    }

    /** Waits; returns false if nobody wants the event handled any more. */
    private boolean pause(Duration wait) {
        long nanos = TimeUnit.NANOSECONDS.convert(wait); // saturates
        lock.lock();
        try {
            while (!closing && nanos > 0 && !subscription.ended()) {
                long part = Math.min(nanos, EventThread.LOOK.toNanos());
                nanos -= part - changed.awaitNanos(part);
            }
        } catch (InterruptedException e) {
            // by nobody who has a right to: the attempt comes early
        } finally {
            lock.unlock();
        }
        return !subscription.ended();
    }

    /** Carries what the handler threw past the failures of the subscription. */
    private static final class Ended extends Exception {
        private static final long serialVersionUID = 1;

        private final Throwable failure;

        Ended(Throwable failure) {
            super(null, null, false, false);
            this.failure = failure;
        }
    }
}
