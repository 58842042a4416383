// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One subscription: the subscriber takes events from its {@linkplain EventQueue queue} and confirms them; the source puts them
 * in by its {@linkplain Inlet inlet}, and asks and says here where the subscription {@linkplain Standing stands}.
 *
 * <p>One lock guards all of that. It is not held when the registry is called, which has its own.
 */
public final class SourceSubscription implements Subscription {
    private final SubscriptionSettings settings;
    private final LabelFilter filter;
    private final Subscriptions registry;
    private final Inlet inlet;
    private final EventIterator iterator = new EventIterator(this);

    private final ReentrantLock lock = new ReentrantLock();
    // All are guarded by the lock.
    private final Standing standing;
    private final EventQueue queue;
    private final GivenTransactions givenTransactions = new GivenTransactions();

    SourceSubscription(
            SubscriptionSettings settings,
            Resumption resumption,
            QueueLimits limits,
            Subscriptions registry) {
        this.settings = settings;
        this.filter = new LabelFilter(settings.labels());
        this.registry = registry;
        this.standing = new Standing(settings.bootstrap(), resumption);
        this.queue = new EventQueue(
                lock,
                limits,
                () -> standing.isApart() && registry.besideStream().hasEnded());
        this.inlet = new Inlet(this, registry, filter, lock, queue, standing);
    }

    @Override
    public String queryId() {
        return settings.queryId();
    }

    // ---- the subscriber's side ----

    @Override
    public Optional<SourceEvent> poll(Duration timeout) throws InterruptedException {
        long nanos = TimeUnit.NANOSECONDS.convert(timeout); // saturates
        SourceException lagged;
        List<CommittedTransaction> left;
        lock.lockInterruptibly();
        try {
            queue.awaitEvent(nanos);
            if (!queue.hasUntoldLoss()) {
                SourceEvent event = queue.take();
                if (event == null) {
                    return Optional.empty();
                }
                standing.give(event);
                if (event instanceof SourceEvent.BootstrapStarted) {
                    givenTransactions.clear().forEach(CommittedTransaction::release); // the subscriber forgets what it has
                }
                givenTransactions.add(event);
                return Optional.of(event);
            }
            lagged = queue.endLagged(queryId());
            left = givenTransactions.clear();
        } finally {
            lock.unlock();
        }
        left.forEach(CommittedTransaction::release);
        registry.remove(this); // without the lock: others ask this subscription while they hold theirs
        throw lagged;
    }

    @Override
    public boolean ended() {
        lock.lock();
        try {
            return queue.isDone();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void confirm(Position position) {
        boolean bootstrapConfirmed;
        List<CommittedTransaction> done;
        lock.lock();
        try {
            Position given = standing.given();
            if (given == null || position.compareTo(given) > 0) {
                throw new IllegalArgumentException("subscription '" + queryId() + "' can't confirm " + position
                        + ": it has been given " + (given == null ? "nothing yet" : "no more than " + given));
            }
            bootstrapConfirmed = standing.confirm(position);
            done = givenTransactions.confirm(position);
        } finally {
            lock.unlock();
        }
        done.forEach(CommittedTransaction::release);
        if (bootstrapConfirmed) {
            registry.confirmedBootstrap();
        }
        registry.confirmed();
    }

    @Override
    public Iterator<SourceEvent> iterator() {
        return iterator;
    }

    @Override
    public void close() {
        List<CommittedTransaction> left;
        lock.lock();
        try {
            // If the source has ended, whoever walks along one may go on: its file is deleted, and there until nobody has it.
            left = queue.ended() ? List.of() : givenTransactions.clear();
        } finally {
            lock.unlock();
        }
        end(null, true);
        left.forEach(CommittedTransaction::release);
        registry.remove(this);
    }

    // ---- the source's side ----

    /** Where events are put in. */
    Inlet inlet() {
        return inlet;
    }

    /** Whether it wants to be told of prepared transactions. */
    boolean wantsPrepared() {
        return settings.prepared();
    }

    /** Whether it still has to be given a bootstrap. */
    boolean wantsBootstrap() {
        lock.lock();
        try {
            return !queue.lags() && standing.waitsForBootstrap();
        } finally {
            lock.unlock();
        }
    }

    /** Whether another bootstrap could take the place of changes that are lost. */
    boolean beganWithBootstrap() {
        lock.lock();
        try {
            return standing.beginsWithBootstrap() && !queue.lags() && !queue.ended();
        } finally {
            lock.unlock();
        }
    }

    /** It waits for another bootstrap: changes that it was to be given, by whichever stream, are lost. */
    void startOver() {
        lock.lock();
        try {
            standing.startOver();
        } finally {
            lock.unlock();
        }
    }

    /** A mark on the server tells that it waits for its bootstrap: from now on it has no position to go on from. */
    void owed() {
        if (storeNoMoreIfWaiting()) {
            registry.forget(this);
        }
    }

    /** Whether it is not on the shared stream yet: it waits for its bootstrap, or catches up after it. */
    boolean isOnItsWay() {
        lock.lock();
        try {
            return !queue.lags() && standing.isOnItsWay();
        } finally {
            lock.unlock();
        }
    }

    /** What it was given of a bootstrap beside the stream is worth nothing any more: it waits for another one. */
    void giveUp() {
        lock.lock();
        try {
            standing.giveUp();
        } finally {
            lock.unlock();
        }
    }

    /** No log is kept for it, if it waits for a bootstrap, until that is to {@linkplain #holdAgain begin}. */
    void letGo() {
        if (!storeNoMoreIfWaiting()) {
            return;
        }
        registry.forget(this); // before the log is let go that goes on from there
        lock.lock();
        try {
            standing.letGo();
        } finally {
            lock.unlock();
        }
    }

    /** Its bootstrap is to begin: from here on the log is kept for it. */
    void holdAgain() {
        lock.lock();
        try {
            standing.holdAgain();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was given a bootstrap that it has not confirmed. */
    boolean bootstrapOpen() {
        lock.lock();
        try {
            return !queue.lags() && standing.bootstrapOpen();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was given a bootstrap, or is just being given one, and has not confirmed it. */
    boolean bootstrapBegun() {
        lock.lock();
        try {
            return !queue.lags() && standing.bootstrapBegun();
        } finally {
            lock.unlock();
        }
    }

    /** Knows the log up to there: a snapshot or a commit that it was given, or the position that it wants to go on from. */
    Lsn furthest() {
        lock.lock();
        try {
            return standing.furthest();
        } finally {
            lock.unlock();
        }
    }

    Optional<Position> resumeFrom() {
        return resumption().position();
    }

    /** Where it goes on; one that waits for a bootstrap, or has been given one, does so nowhere. */
    Resumption resumption() {
        lock.lock();
        try {
            return standing.resumption();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it would have begun with a bootstrap, but goes on from a position, and so has had one. */
    boolean hasHadBootstrap() {
        return settings.bootstrap() && resumeFrom().isPresent();
    }

    /**
     * From where it could go on if the process ended now; empty if only a bootstrap would help, or it has
     * {@linkplain #storeNoMore left the store}.
     *
     * @param least was confirmed by all; it lacks nothing that commits before
     */
    Optional<Position> toStore(Lsn least) {
        lock.lock();
        try {
            return queue.lags() ? Optional.empty() : standing.toStore(least);
        } finally {
            lock.unlock();
        }
    }

    /** From now on there is nothing {@linkplain #toStore to store}, unless it confirms a bootstrap. */
    void storeNoMore() {
        lock.lock();
        try {
            standing.storeNoMore();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it waits for a bootstrap; then it {@linkplain #storeNoMore stores no more}. */
    private boolean storeNoMoreIfWaiting() {
        lock.lock();
        try {
            boolean waits = !queue.lags() && standing.waitsForBootstrap();
            if (waits) {
                standing.storeNoMore();
            }
            return waits;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the store may have a position of it, from which it can't go on. */
    boolean isForgettable() {
        lock.lock();
        try {
            return standing.isForgettable();
        } finally {
            lock.unlock();
        }
    }

    /** The store has no position of it any more. After {@link #storeNoMore}. */
    void isForgotten() {
        lock.lock();
        try {
            standing.isForgotten();
        } finally {
            lock.unlock();
        }
    }

    Set<String> unknownLabels(Set<String> known) {
        return filter.unknown(known);
    }

    /** From now on it is given what the stream brings. */
    void enterStream() {
        lock.lock();
        try {
            standing.enterStream();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it is given what the present stream brings. */
    boolean inStream() {
        lock.lock();
        try {
            return standing.inStream();
        } finally {
            lock.unlock();
        }
    }

    /** Whether a change that the stream repeats is {@linkplain ToldSchema#lacks new} to it. */
    boolean lacks(SourceEvent.SchemaChanged repeated) {
        lock.lock();
        try {
            return standing.schema().lacks(repeated, standing.after());
        } finally {
            lock.unlock();
        }
    }

    /** Nothing up to and including {@code position} shall be put in; a later boundary of its own stays. */
    void joinAfter(Position position) {
        lock.lock();
        try {
            standing.joinAfter(position);
        } finally {
            lock.unlock();
        }
    }

    /** Whether it is given what commits by a stream of its own. */
    boolean isApart() {
        lock.lock();
        try {
            return standing.isApart();
        } finally {
            lock.unlock();
        }
    }

    /** Everything that committed before {@code lsn} was put in by its own stream. */
    void reachedApart(Lsn lsn) {
        lock.lock();
        try {
            standing.reachedApart(lsn);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Everything that committed before was put in.
     *
     * @param shared what the shared stream has reached
     */
    Lsn handedOver(Lsn shared) {
        lock.lock();
        try {
            return queue.lags() || queue.ended() ? shared : standing.handedOver(shared);
        } finally {
            lock.unlock();
        }
    }

    /**
     * From now on the shared stream counts, and of that what has not committed before {@code lsn}.
     *
     * @param streaming whether it streams, or has to begin again first
     * @param tables as they are there, by OID
     */
    void join(Lsn lsn, boolean streaming, Map<Long, TableShape> tables) {
        lock.lock();
        try {
            standing.join(lsn, streaming, tables);
        } finally {
            lock.unlock();
        }
    }

    /** The shared stream begins again, and goes on with what comes after what was put in last. */
    void joinAgain(Map<Long, TableShape> tables) {
        lock.lock();
        try {
            standing.joinAgain(tables);
        } finally {
            lock.unlock();
        }
    }

    /** Those who wait to put something in look whether they still should. */
    void lookAgain() {
        lock.lock();
        try {
            queue.lookAgain();
        } finally {
            lock.unlock();
        }
    }

    /** Up to where the server may forget its log; empty: as far as this subscription is concerned, everything. */
    Optional<Lsn> holdsAt() {
        lock.lock();
        try {
            return queue.lags() ? Optional.empty() : standing.holdsAt();
        } finally {
            lock.unlock();
        }
    }

    /** Everything that ends before it is confirmed. */
    Lsn confirmedLsn() {
        lock.lock();
        try {
            return standing.confirmedLsn();
        } finally {
            lock.unlock();
        }
    }

    /** Until something is confirmed, the server's log is needed from here on. */
    void holdAt(Lsn lsn) {
        lock.lock();
        try {
            standing.holdAt(lsn);
        } finally {
            lock.unlock();
        }
    }

    /** How many events wait for the subscriber. */
    int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    SubscriptionMetrics metrics() {
        lock.lock();
        try {
            return new SubscriptionMetrics(
                    queryId(),
                    standing.phase(),
                    queue.size(),
                    queue.capacity(),
                    standing.bootstrapRows(),
                    standing.confirmed());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the subscription.
     *
     * @param cause what the subscriber is told after the events that wait; {@code null}: the source stopped
     * @param dropEvents whether the events that wait are dropped
     */
    void end(@Nullable RuntimeException cause, boolean dropEvents) {
        lock.lock();
        try {
            queue.end(cause, dropEvents);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "Subscription[" + queryId() + "]";
    }
}
