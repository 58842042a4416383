// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The open subscriptions of a source. Hands events to all of them, and knows what all of them have confirmed.
 *
 * <p>One thread hands out; opening, closing and confirming may be done by any.
 */
public final class Subscriptions {
    private final DispatchMode mode;
    private final int capacity;
    private final Runnable changed;
    private final Runnable confirmed;
    private final CopyOnWriteArrayList<SourceSubscription> open = new CopyOnWriteArrayList<>();

    // All below are guarded by this.
    /** A subscription that is opened while a transaction is handed out begins after it. */
    private final HandedOut handedOut = new HandedOut();
    /** The stream has to begin again where all had confirmed, and until then gives nothing. */
    private boolean paused = true;
    /** What the last one had confirmed when it was closed and nobody was left. */
    private Lsn leftAt = Lsn.INVALID;
    /** The slot was made here in this run: nothing that committed before is to be had. */
    private Lsn slotStart = Lsn.INVALID;

    private @Nullable RuntimeException failure;
    private Set<String> knownLabels = Set.of();

    /**
     * @param changed is run when a subscription was opened or closed
     * @param confirmed is run when something was confirmed
     */
    public Subscriptions(DispatchMode mode, int capacity, Runnable changed, Runnable confirmed) {
        this.mode = mode;
        this.capacity = capacity;
        this.changed = changed;
        this.confirmed = confirmed;
    }

    /**
     * Opens one. If it wants to go on from a position that is not to be had any more, it is ended at once with a {@link
     * PositionUnavailableException}.
     *
     * @throws IllegalArgumentException if one of that query id is open, or a label is not known
     * @throws IllegalStateException if the source has failed
     */
    public SourceSubscription open(SubscriptionSettings settings) {
        SourceSubscription subscription = new SourceSubscription(settings, mode, capacity, this);
        synchronized (this) {
            requireOpenable(subscription, settings.queryId());
            Optional<Position> resumeFrom = settings.resumeFrom();
            if (resumeFrom.isPresent() && !canGoOnFrom(resumeFrom.get())) {
                subscription.end(gone(settings.queryId(), resumeFrom.get()), false);
                return subscription;
            }
            if (resumeFrom.isPresent() && !paused && handedOut.isBeyond(resumeFrom.get())) {
                paused = true; // the others are not given anything twice
                leftAt = Lsn.INVALID;
            } else if (resumeFrom.isEmpty() && !paused) {
                handedOut.last().ifPresent(subscription::joinAfter);
            }
            open.add(subscription);
        }
        changed.run();
        return subscription;
    }

    private void requireOpenable(SourceSubscription subscription, String queryId) {
        if (failure != null) {
            throw new IllegalStateException("the source has failed; start it again first", failure);
        }
        if (open.stream().anyMatch(other -> other.queryId().equals(queryId))) {
            throw new IllegalArgumentException(
                    "subscription '" + queryId + "' is open already; close it first or take another id");
        }
        Set<String> unknown = knownLabels.isEmpty() ? Set.of() : subscription.unknownLabels(knownLabels);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(unknownLabels(queryId, unknown, knownLabels));
        }
    }

    private boolean canGoOnFrom(Position position) {
        return Long.compareUnsigned(position.commitLsn(), slotStart.value()) >= 0 && handedOut.canRepeatAfter(position);
    }

    private static PositionUnavailableException gone(String queryId, Position position) {
        return new PositionUnavailableException(
                "subscription '" + queryId + "' can't go on from " + position
                        + ": the server was told that later changes are confirmed, and does not send them again",
                "Subscribe with a bootstrap.",
                null);
    }

    /** A run begins; what an earlier one left is forgotten. */
    public synchronized void begin() {
        failure = null;
        handedOut.clear();
        paused = true;
        leftAt = Lsn.INVALID;
        slotStart = Lsn.INVALID;
    }

    /** The slot was made new: nothing that committed before its consistent point is to be had. */
    public synchronized void slotStartsAt(Lsn consistentPoint) {
        slotStart = consistentPoint;
    }

    /** Whether there are the labels that {@code settings} wants, or it is not known yet which there are. */
    public synchronized boolean knows(SubscriptionSettings settings) {
        return knownLabels.isEmpty()
                || new LabelFilter(settings.labels()).unknown(knownLabels).isEmpty();
    }

    void remove(SourceSubscription subscription) {
        Lsn confirmedLsn = subscription.confirmedLsn();
        boolean removed;
        synchronized (this) {
            removed = open.remove(subscription);
            if (removed && open.isEmpty()) {
                paused = true;
                leftAt = confirmedLsn;
            }
        }
        if (removed) {
            changed.run();
        }
    }

    void confirmed() {
        confirmed.run();
    }

    public boolean isEmpty() {
        return open.isEmpty();
    }

    /** A stream begins, at what was confirmed last. */
    public synchronized void beginStream() {
        paused = open.isEmpty();
    }

    /** Whether the stream has to end, as nobody is left or nobody was left for a moment. */
    public synchronized boolean paused() {
        return paused;
    }

    /** Whether a subscription waits for its bootstrap. */
    public boolean wantBootstrap() {
        return open.stream().anyMatch(SourceSubscription::wantsBootstrap);
    }

    /** Whether every open subscription waits for its bootstrap, so that nobody needs what the slot holds now. */
    public boolean allWantBootstrap() {
        return !open.isEmpty() && open.stream().allMatch(SourceSubscription::wantsBootstrap);
    }

    /** Whether a subscription has not yet confirmed its bootstrap. */
    public boolean bootstrapOpen() {
        return open.stream().anyMatch(SourceSubscription::bootstrapOpen);
    }

    /** Ends those that want to go on from a position, which {@code cause} says is not to be had. */
    public void endResuming(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            if (subscription.resumeFrom().isPresent()) {
                remove(subscription); // first, so that the query can subscribe again at once
                subscription.end(cause, false);
            }
        }
    }

    /** Ends those that wait for a bootstrap, which {@code cause} says is not to be had. */
    public void endWaiting(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            if (subscription.wantsBootstrap()) {
                remove(subscription);
                subscription.end(cause, false);
            }
        }
    }

    /** Whether one wants to go on from a position of its own. */
    public boolean resume() {
        return open.stream().anyMatch(subscription -> subscription.resumeFrom().isPresent());
    }

    /**
     * Takes the labels there are. A subscription that wants others is ended with an error that lists them.
     */
    public void know(Set<String> labels) {
        Set<String> known = new TreeSet<>(labels);
        synchronized (this) {
            knownLabels = known;
        }
        for (SourceSubscription subscription : open) {
            Set<String> unknown = subscription.unknownLabels(known);
            if (!unknown.isEmpty()) {
                remove(subscription);
                subscription.end(
                        new SetupException(unknownLabels(subscription.queryId(), unknown, known), null, null), false);
            }
        }
    }

    /** The server's log is needed from {@code lsn} on by all that are open. */
    public void holdAt(Lsn lsn) {
        open.forEach(subscription -> subscription.holdAt(lsn));
    }

    /** Begins one bootstrap for all that wait for one. */
    public BootstrapReceivers startBootstrap(SourceEvent.BootstrapStarted started, Lsn slotLsn) {
        List<SourceSubscription> receivers =
                open.stream().filter(SourceSubscription::wantsBootstrap).toList();
        for (SourceSubscription receiver : receivers) {
            receiver.startBootstrap(started, slotLsn.value());
        }
        return new BootstrapReceivers(receivers, open);
    }

    /** Hands out; waits for room where the mode holds back. */
    public void handOut(CommittedTransaction transaction) {
        List<SourceSubscription> receivers;
        synchronized (this) {
            if (paused) {
                return;
            }
            handedOut.add(transaction.position(), transaction.endLsn());
            receivers = List.copyOf(open);
        }
        for (SourceSubscription receiver : receivers) {
            receiver.putTransaction(transaction);
        }
    }

    /** Hands out; those whose rows have other ids now wait for a bootstrap then. */
    public void handOut(SourceEvent.SchemaChanged change) {
        for (SourceSubscription subscription : open) {
            subscription.putSchemaChange(change);
        }
        if (change.idsInvalidated() && wantBootstrap()) {
            changed.run();
        }
    }

    /**
     * Up to where the server may forget its log.
     *
     * @param reached everything before it was handed out
     * @return with nobody left, what the last one had confirmed
     */
    public Lsn confirmedUpTo(Lsn reached) {
        List<SourceSubscription> asked;
        synchronized (this) {
            if (paused) {
                return leftAt.min(reached);
            }
            asked = List.copyOf(open);
        }
        Lsn least = reached;
        for (SourceSubscription subscription : asked) {
            Optional<Lsn> hold = subscription.holdsAt();
            if (hold.isPresent()) {
                least = least.min(hold.get());
            }
        }
        synchronized (this) {
            if (paused) {
                return leftAt.min(reached);
            }
            handedOut.forget(least);
            return least;
        }
    }

    /** Ends all for the subscribers, who may still confirm what they were given; nobody holds the stream back any more. */
    public void endEach() {
        open.forEach(subscription -> subscription.end(null, true));
    }

    /**
     * Ends all.
     *
     * @param cause what the subscribers are told; {@code null}: the source stopped
     */
    public void endAll(@Nullable RuntimeException cause) {
        List<SourceSubscription> ended;
        synchronized (this) {
            failure = cause == null ? failure : cause;
            paused = true;
            ended = List.copyOf(open);
            open.clear();
        }
        for (SourceSubscription subscription : ended) {
            subscription.end(cause, cause == null);
        }
    }

    private static String unknownLabels(String queryId, Set<String> unknown, Set<String> known) {
        return "subscription '" + queryId + "' wants labels that the source does not have: "
                + String.join(", ", unknown) + "; it has: " + String.join(", ", known);
    }
}
