// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Takes the events of a subscription and gives them to a {@link Flow.Subscriber} as it requests them. One thread gives all
 * signals, so that they are in order.
 */
final class PublisherThread implements Flow.Subscription {
    private final Subscription subscription;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // All below are guarded by the lock.
    private long requested;
    private boolean over; // no further event is given
    private @Nullable Throwable refusal; // of a wrong request

    private PublisherThread(Subscription subscription) {
        this.subscription = subscription;
    }

    static void start(Subscription subscription, Flow.Subscriber<? super SourceEvent> subscriber) {
        PublisherThread publishing = new PublisherThread(subscription);
        EventThread.of(subscription, () -> publishing.run(subscriber)).start();
    }

    @Override
    public void request(long n) {
        lock.lock();
        try {
            if (n > 0) {
                requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
                changed.signalAll();
                return;
            }
            if (over) {
                return;
            }
            refusal = new IllegalArgumentException(
                    "query '" + subscription.queryId() + "' must request at least 1 event (rule 3.9), was " + n);
        } finally {
            lock.unlock();
        }
        cancel();
    }

    @Override
    public void cancel() {
        end();
        subscription.close(); // wakes the thread, too
    }

    /** Ends it; false if it was over. */
    private boolean end() {
        lock.lock();
        try {
            boolean first = !over;
            over = true;
            changed.signalAll();
            return first;
        } finally {
            lock.unlock();
        }
    }

    private void run(Flow.Subscriber<? super SourceEvent> subscriber) {
        Optional<Throwable> failure;
        try {
            subscriber.onSubscribe(this);
            failure = giveAll(subscriber);
        } finally {
            // Also when the subscriber throws, which it must not (rule 2.13): then its thread ends with that exception.
            subscription.close(); // before the last signal, so that the query can subscribe again when it hears it
        }
        boolean wanted = end();
        Optional<Throwable> refused = refusal();
        if (refused.isPresent()) {
            subscriber.onError(refused.get());
        } else if (wanted && failure.isPresent()) {
            subscriber.onError(failure.get());
        } else if (wanted) {
            subscriber.onComplete();
        }
    }

    /** Gives events until the end; returns the source's failure, if that was the end. */
    private Optional<Throwable> giveAll(Flow.Subscriber<? super SourceEvent> subscriber) {
        while (awaitRequest()) {
            Optional<SourceEvent> event;
            try {
                event = EventThread.take(subscription);
            } catch (Throwable e) {
                return Optional.of(e);
            }
            if (event.isEmpty() || isOver()) {
                return Optional.empty();
            }
            subscriber.onNext(event.get());
        }
        return Optional.empty();
    }

    /** Waits until one more event is wanted; false if none will be, or none will come. */
    private boolean awaitRequest() {
        lock.lock();
        try {
            while (requested == 0 && !over && !subscription.ended()) {
                try {
                    changed.awaitNanos(EventThread.LOOK.toNanos());
                } catch (InterruptedException e) {
                    // the thread ends with the subscription, not by this
                }
            }
            if (requested == 0 || over) {
                return false;
            }
            requested -= requested == Long.MAX_VALUE ? 0 : 1;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean isOver() {
        lock.lock();
        try {
            return over;
        } finally {
            lock.unlock();
        }
    }

    private Optional<Throwable> refusal() {
        lock.lock();
        try {
            return Optional.ofNullable(refusal);
        } finally {
            lock.unlock();
        }
    }
}
