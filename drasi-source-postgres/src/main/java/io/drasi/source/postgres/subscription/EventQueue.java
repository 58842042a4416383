// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The events that wait for a subscriber: how many may, what happens to the next one, and how they end. All is done with the
 * subscription's lock held, which those who wait here let go meanwhile.
 */
final class EventQueue {
    /** Each may hold many rows, so that fewer of them wait than of other events. */
    private static final int BOOTSTRAP_CAPACITY = 16;

    private final QueueLimits limits;
    private final BooleanSupplier cutOff;
    private final Condition taken;
    private final Condition added;

    // All below are guarded by the subscription's lock.
    private final Deque<SourceEvent> events = new ArrayDeque<>();
    private int notCounted; // how many of the first events a broadcast's subscriber may have beyond its capacity
    private int tidings; // events that only tell how a bootstrap goes; they take nobody's room
    private long weight; // bytes that the transactions among them take, about
    private long countedWeight; // of those that are not among the first that are not counted
    private String fullBy = ""; // the limit that was reached when the first was lost
    private long lost; // events that a broadcast dropped; from then on all are
    private boolean ended;
    private @Nullable RuntimeException failure;

    /**
     * @param lock the subscription's
     * @param cutOff whether nothing is to be put in any more by the stream that the subscription is given now; is asked with
     *     the lock held
     */
    EventQueue(ReentrantLock lock, QueueLimits limits, BooleanSupplier cutOff) {
        this.taken = lock.newCondition();
        this.added = lock.newCondition();
        this.limits = limits;
        this.cutOff = cutOff;
    }

    // ---- the subscriber's side ----

    /** Waits until there is one, or none will come, or the time is over. */
    void awaitEvent(long nanos) throws InterruptedException {
        long left = nanos;
        while (!hasUntoldLoss() && events.isEmpty() && !ended && left > 0) {
            left = added.awaitNanos(left);
        }
    }

    /**
     * The next one; null: there is none. Throws what the subscription has ended with, after the last one. Of a transaction the
     * caller holds the file from then on.
     */
    @Nullable
    SourceEvent take() {
        SourceEvent event = events.poll();
        if (event == null) {
            if (failure != null) {
                throw failure;
            }
            return null;
        }
        taken.signal();
        weight -= weight(event);
        if (notCounted > 0) {
            notCounted--;
        } else {
            countedWeight -= weight(event);
        }
        if (event instanceof SourceEvent.BootstrapProgress || event instanceof SourceEvent.BootstrapDelayed) {
            tidings--;
        }
        return event;
    }

    /** Whether events were lost, which the subscriber is still to be told. */
    boolean hasUntoldLoss() {
        return lost > 0 && failure == null;
    }

    /** The subscriber is told how many were lost: that is the end. */
    SourceException endLagged(String queryId) {
        SourceException lagged = new SubscriptionLaggedException(queryId, lost, fullBy);
        clear();
        ended = true;
        failure = lagged;
        taken.signalAll();
        return lagged;
    }

    /** Whether there is nothing more to be taken or told. */
    boolean isDone() {
        return ended && events.isEmpty() && failure == null;
    }

    // ---- the source's side ----

    /**
     * Waits until there is room, where the mode holds back. Who catches up with the stream from one of its own is held back in
     * every mode: it would lag behind at once.
     *
     * @param apart whether the subscription is given what commits by a stream of its own
     * @param before is done just before the event can be taken; also if it never can since the subscription has ended: what is
     *     not given then is outstanding for good, so that the server is not told that it is confirmed
     * @return whether a broadcast's subscriber has lagged behind with this event: all that waited is lost with it
     */
    boolean put(SourceEvent event, boolean apart, Runnable before) {
        if (apart) {
            if (awaitRoom(limits.events())) {
                before.run();
                addUncounted(event);
            }
        } else if (limits.mode() == DispatchMode.CHANNEL) {
            boolean room = awaitRoom(limits.events());
            before.run();
            if (room) {
                add(event);
            }
        } else if (ended) {
            before.run();
        } else {
            return putOrLose(event, before);
        }
        return false;
    }

    private boolean putOrLose(SourceEvent event, Runnable before) {
        if (lost > 0) {
            lost++;
        } else if (isFull()) {
            fullBy = limits.reached(events.size() - notCounted);
            lost = events.size() + 1L;
            clear();
            added.signalAll();
            return true;
        } else {
            before.run();
            add(event);
        }
        return false;
    }

    private boolean isFull() {
        int counted = events.size() - notCounted;
        return counted >= limits.events() || (counted > 0 && countedWeight >= limits.memory());
    }

    /** In every mode: a bootstrap does not count among what a subscriber may lag behind. */
    void putOfBootstrap(SourceEvent event, Runnable before) {
        if (awaitRoom(bootstrapCapacity())) {
            before.run();
            addUncounted(event);
        }
    }

    /** Tells how far a bootstrap is, if the subscriber takes events as fast as they come. */
    void tell(SourceEvent.BootstrapProgress progress) {
        if (!over() && lost == 0 && tidings < bootstrapCapacity()) {
            tidings++;
            addUncounted(progress);
        }
    }

    /** Tells why a bootstrap does not come yet. The last reason counts, and there is always room for it. */
    void tell(SourceEvent.BootstrapDelayed delayed) {
        if (!ended && lost == 0) {
            if (events.peekLast() instanceof SourceEvent.BootstrapDelayed) {
                events.removeLast();
            } else {
                tidings++;
            }
            addUncounted(delayed);
        }
    }

    /** A bootstrap begins, maybe once more: only what was told of the schema stays. */
    void keepSchemaChanges() {
        events.removeIf(event -> {
            boolean removed = !(event instanceof SourceEvent.SchemaChanged);
            if (removed) {
                release(event);
            }
            return removed;
        });
        weight = 0;
        countedWeight = 0;
        notCounted = 0;
        tidings = 0;
    }

    /** Those who wait for room look whether they still should. */
    void lookAgain() {
        taken.signalAll();
    }

    /**
     * Nothing is put in any more.
     *
     * @param cause what the subscriber is told after the events that wait; {@code null}: the source stopped
     * @param dropEvents whether the events that wait are dropped
     */
    void end(@Nullable RuntimeException cause, boolean dropEvents) {
        if (!ended) {
            ended = true;
            failure = cause;
        }
        if (dropEvents) {
            clear();
            failure = null;
        }
        taken.signalAll();
        added.signalAll();
    }

    boolean ended() {
        return ended;
    }

    /** Whether events were lost, and so all that would follow them. */
    boolean lags() {
        return lost > 0;
    }

    int size() {
        return events.size();
    }

    int capacity() {
        return limits.events();
    }

    private int bootstrapCapacity() {
        return Math.min(limits.events(), BOOTSTRAP_CAPACITY);
    }

    /** Whether there is room at last. */
    private boolean awaitRoom(int room) {
        while ((events.size() - tidings >= room || weight >= limits.memory()) && !over()) {
            taken.awaitUninterruptibly();
        }
        return !over();
    }

    /** Nothing is to be put in any more by the one who does that now. */
    private boolean over() {
        return ended || cutOff.getAsBoolean();
    }

    private void clear() {
        events.forEach(EventQueue::release);
        events.clear();
        weight = 0;
        countedWeight = 0;
        notCounted = 0;
        tidings = 0;
    }

    private static long weight(SourceEvent event) {
        return event instanceof CommittedTransaction transaction ? transaction.weight() : 0;
    }

    private static void release(SourceEvent event) {
        if (event instanceof CommittedTransaction transaction) {
            transaction.release();
        }
    }

    private void add(SourceEvent event) {
        if (event instanceof CommittedTransaction transaction) {
            transaction.retain();
        }
        events.add(event);
        weight += weight(event);
        countedWeight += weight(event);
        added.signal();
    }

    private void addUncounted(SourceEvent event) {
        add(event);
        notCounted = events.size();
        countedWeight = 0;
    }
}
