// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.PreparedTransaction;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The open subscriptions of a source: opens and ends them, and knows what they wait for. As the outlet of the {@linkplain
 * SharedStream stream} that they share it hands events to all of them, and knows what all of them have confirmed.
 *
 * <p>One thread hands out; opening, closing and confirming may be done by any. The monitor of this guards what it and its
 * parts know; it may be held when a subscription is asked something, which has a lock of its own.
 */
public final class Subscriptions implements Outlet {
    /** How a new slot has to begin for those that are open. */
    public enum Beginning {
        WITH_NOBODY,
        WITH_STREAM,
        WITH_BOOTSTRAP
    }

    private final String sourceId;
    private final QueueLimits limits;
    private final Runnable changed;
    private final Runnable confirmed;
    private final Optional<PositionSaver> saver;
    private final SourceMeter meter;
    private final CopyOnWriteArrayList<SourceSubscription> open = new CopyOnWriteArrayList<>();

    private final SharedStream stream;
    private final BesideStream besideStream;
    private final Resumptions resumptions;

    // All below are guarded by this.
    /** Whether the one that was closed last was owed a bootstrap. */
    private boolean leftOwed;
    /** Whether a bootstrap was confirmed in this run. */
    private boolean bootstrapConfirmed;

    private boolean closed;
    private @Nullable RuntimeException failure;
    private Set<String> knownLabels = Set.of();

    /**
     * @param changed is run when a subscription was opened or closed
     * @param confirmed is run when something was confirmed
     */
    public Subscriptions(String sourceId, DispatchMode mode, int capacity, Runnable changed, Runnable confirmed) {
        this(
                sourceId,
                new QueueLimits(mode, capacity, Long.MAX_VALUE),
                false,
                changed,
                confirmed,
                Optional.empty(),
                new SourceMeter(InstantSource.system()));
    }

    /**
     * @param changed is run when a subscription was opened or closed
     * @param confirmed is run when something was confirmed
     * @param startsOver whether one that can't be given the changes that it lacks, and began with a bootstrap, is given
     *     another
     * @param saver of positions, if there is a store for them
     * @param meter counts what they are given
     */
    public Subscriptions(
            String sourceId,
            QueueLimits limits,
            boolean startsOver,
            Runnable changed,
            Runnable confirmed,
            Optional<PositionSaver> saver,
            SourceMeter meter) {
        this.sourceId = sourceId;
        this.limits = limits;
        this.changed = changed;
        this.confirmed = confirmed;
        this.saver = saver;
        this.meter = meter;
        this.stream = new SharedStream(this, open, saver, meter);
        this.besideStream = new BesideStream(this, open, stream);
        this.resumptions = new Resumptions(this, sourceId, startsOver, open, stream, saver);
    }

    /**
     * Opens one. If it wants to go on from a position that is not to be had any more, it is ended at once with a {@link
     * PositionUnavailableException}.
     *
     * @throws IllegalArgumentException if one of that query id is open, or a label is not known
     * @throws IllegalStateException if the source has failed or is closed
     * @throws io.drasi.model.PositionStoreException if the position store can't be read
     */
    public SourceSubscription open(SubscriptionSettings settings) {
        Resumption resumption = Resumption.of(settings, saver.flatMap(it -> it.load(settings.queryId())));
        SourceSubscription subscription = new SourceSubscription(settings, resumption, limits, this);
        synchronized (this) {
            requireOpenable(subscription, settings.queryId());
            Optional<PositionUnavailableException> refusal = resumptions.refusal(subscription, settings);
            if (refusal.isPresent()) {
                subscription.end(refusal.get(), false);
                return subscription;
            }
            Optional<Position> resumeFrom = subscription.resumeFrom();
            boolean paused = stream.paused();
            if (resumeFrom.isPresent() && !paused && !resumptions.streamGivesNext(resumeFrom.get())) {
                stream.beginAgain(); // the others are not given anything twice
            } else if (!paused) {
                subscription.enterStream();
                if (resumeFrom.isEmpty()) {
                    stream.last().ifPresent(subscription::joinAfter);
                }
            }
            open.add(subscription);
        }
        changed.run();
        meter.changed();
        return subscription;
    }

    private void requireOpenable(SourceSubscription subscription, String queryId) {
        if (closed) {
            throw new IllegalStateException("source '" + sourceId + "' is closed");
        }
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

    /** What is confirmed is saved in a store, if there is one for it. */
    public Optional<PositionSaver> saver() {
        return saver;
    }

    /** Whether they can go on from where they want to. */
    public Resumptions resumptions() {
        return resumptions;
    }

    /** Those that are given a bootstrap beside the stream. */
    public BesideStream besideStream() {
        return besideStream;
    }

    /**
     * It {@linkplain SourceSubscription#storeNoMore stores no more}: what the store has of it goes.
     *
     * @throws io.drasi.source.postgres.error.PositionsNotSavedException if the store can't be written; to be tried again
     */
    void forget(SourceSubscription subscription) {
        saver.ifPresent(it -> it.forget(subscription));
    }

    /** A run begins; what an earlier one left is forgotten. */
    public synchronized void begin() {
        failure = null;
        bootstrapConfirmed = false;
        leftOwed = false;
        stream.clear();
        resumptions.clear();
    }

    /** No more subscriptions are opened. */
    public synchronized void closeForGood() {
        closed = true;
    }

    /** The furthest position up to which one of them knows the log, or from which it wants to go on. */
    public Lsn furthest() {
        return open.stream().map(SourceSubscription::furthest).reduce(Lsn.INVALID, Lsn::max);
    }

    /** Ends it; its query may subscribe again. */
    void endWith(SourceSubscription subscription, RuntimeException cause) {
        subscription.storeNoMore(); // what it could not have was not confirmed
        remove(subscription); // first, so that the query can subscribe again at once
        subscription.end(cause, false);
    }

    /** Whether there are the labels that {@code settings} wants, or it is not known yet which there are. */
    public synchronized boolean knows(SubscriptionSettings settings) {
        return knownLabels.isEmpty()
                || new LabelFilter(settings.labels()).unknown(knownLabels).isEmpty();
    }

    void remove(SourceSubscription subscription) {
        Lsn confirmedLsn = subscription.confirmedLsn();
        boolean owed = subscription.bootstrapOpen();
        boolean removed;
        synchronized (this) {
            removed = open.remove(subscription);
            if (removed) {
                leavePosition(subscription);
            }
            if (removed && open.isEmpty()) {
                stream.leave(confirmedLsn);
                leftOwed = owed;
            }
        }
        if (removed) {
            saver.ifPresent(PositionSaver::saveLeft);
            changed.run();
            meter.changed();
        }
    }

    /** Before anything beyond it can be told to the server; from now on the query may be opened again. */
    private void leavePosition(SourceSubscription subscription) {
        saver.ifPresent(it ->
                subscription.toStore(Lsn.INVALID).ifPresent(position -> it.leave(subscription.queryId(), position)));
        subscription.storeNoMore();
    }

    void confirmed() {
        saver.ifPresent(it -> it.confirmed(open));
        confirmed.run();
    }

    synchronized void confirmedBootstrap() {
        bootstrapConfirmed = true;
    }

    public boolean isEmpty() {
        return open.isEmpty();
    }

    /** How those are that are open. */
    public List<SubscriptionMetrics> metrics() {
        return open.stream().map(SourceSubscription::metrics).toList();
    }

    /** A stream begins, at what was confirmed last; but not if somebody has come since the end of the log was known. */
    public synchronized void beginStream() {
        if (resumptions.goOnBeyondLog()) {
            stream.beginAgain();
        } else {
            stream.begin();
        }
    }

    /** Whether the stream has to end, as nobody is left or nobody was left for a moment. */
    public synchronized boolean paused() {
        return stream.paused();
    }

    /** Whether a subscription waits for its bootstrap. */
    public boolean wantBootstrap() {
        return open.stream().anyMatch(SourceSubscription::wantsBootstrap);
    }

    /** Whether every open subscription waits for its bootstrap, so that nobody needs what the slot holds now. */
    public boolean allWantBootstrap() {
        return !open.isEmpty() && open.stream().allMatch(SourceSubscription::wantsBootstrap);
    }

    /** How a slot that is made now has to begin. It does not begin for those that want to go on from before it. */
    public Beginning beginning() {
        List<SourceSubscription> all = open.stream()
                .filter(subscription -> subscription.resumeFrom().isEmpty())
                .toList();
        if (all.isEmpty()) {
            return Beginning.WITH_NOBODY;
        }
        return all.stream().anyMatch(SourceSubscription::wantsBootstrap)
                ? Beginning.WITH_BOOTSTRAP
                : Beginning.WITH_STREAM;
    }

    /** Tells those who wait for a bootstrap why it does not come yet. */
    public void delayBootstrap(String reason) {
        for (SourceSubscription subscription : open) {
            if (subscription.wantsBootstrap()) {
                subscription.inlet().tell(new SourceEvent.BootstrapDelayed(reason));
            }
        }
    }

    /** There is a marker for those who wait for a bootstrap. */
    public void owed() {
        open.forEach(SourceSubscription::owed);
    }

    /**
     * A marker stands for a bootstrap that is still to come: none that was confirmed before counts for it. Returns whether one
     * was.
     */
    public synchronized boolean bootstrapOwed() {
        boolean confirmed = bootstrapConfirmed;
        bootstrapConfirmed = false;
        return confirmed;
    }

    /** Whether a bootstrap was confirmed in an earlier run by somebody who is there now. */
    public boolean bootstrapBehind() {
        return open.stream().anyMatch(SourceSubscription::hasHadBootstrap);
    }

    /** Whether a bootstrap was confirmed in this run, since one was {@linkplain #bootstrapOwed owed}. */
    public synchronized boolean bootstrapConfirmed() {
        return bootstrapConfirmed;
    }

    /**
     * Whether a subscription has not yet confirmed its bootstrap. The one that was closed last counts while nobody else is
     * there: it has not given up, but ended with its program.
     */
    public synchronized boolean bootstrapOpen() {
        return open.isEmpty() ? leftOwed : open.stream().anyMatch(SourceSubscription::bootstrapOpen);
    }

    /** Whether a subscription was given a bootstrap, or is just being given one, and has not confirmed it. */
    public boolean bootstrapBegun() {
        return open.stream().anyMatch(SourceSubscription::bootstrapBegun);
    }

    /** Whether one began with a bootstrap, so that another could take the place of what is lost. */
    public boolean beganWithBootstrap() {
        return open.stream().anyMatch(SourceSubscription::beganWithBootstrap);
    }

    /** Ends those that wait for a bootstrap, which {@code cause} says is not to be had. */
    public void endWaiting(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            if (subscription.wantsBootstrap()) {
                endWith(subscription, cause);
            }
        }
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
                endWith(
                        subscription,
                        new SetupException(unknownLabels(subscription.queryId(), unknown, known), null, null));
            }
        }
    }

    /** The server's log is needed from {@code lsn} on by all that are open. */
    public void holdAt(Lsn lsn) {
        open.forEach(subscription -> subscription.holdAt(lsn));
    }

    /**
     * Begins one bootstrap for all that wait for one.
     *
     * @param besideStream whether the stream goes on meanwhile, so that they have to catch up with it
     */
    public BootstrapReceivers startBootstrap(SourceEvent.BootstrapStarted started, Lsn slotLsn, boolean besideStream) {
        List<SourceSubscription> receivers =
                open.stream().filter(SourceSubscription::wantsBootstrap).toList();
        for (SourceSubscription receiver : receivers) {
            receiver.inlet().startBootstrap(started, slotLsn.value(), besideStream);
        }
        return new BootstrapReceivers(receivers, open, meter);
    }

    /** Somebody may wait for a bootstrap now. */
    void changed() {
        changed.run();
    }

    @Override
    public void reached(Lsn lsn) {
        // What was handed out says all.
    }

    /** Hands out; waits for room where the mode holds back. Returns whether somebody wants something of it. */
    @Override
    public boolean handOut(CommittedTransaction transaction) {
        return stream.handOut(transaction);
    }

    /** Hands out; those whose rows have other ids now wait for a bootstrap then. */
    @Override
    public void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
        stream.handOut(change, repeated);
    }

    @Override
    public void prepared(PreparedTransaction transaction) {
        stream.prepared(transaction);
    }

    @Override
    public void preparedEnded(AssembledEvent.PreparedEnded ended) {
        stream.preparedEnded(ended);
    }

    /** Those who have come beside the stream compare it with what they know, once for each table. */
    @Override
    public void described(TableDescription description) {
        stream.described(description);
    }

    /**
     * {@inheritDoc}
     *
     * @return with nobody left, what the last one had confirmed
     */
    @Override
    public Lsn confirmedUpTo(Lsn reached) {
        return stream.confirmedUpTo(reached);
    }

    @Override
    public void save(Lsn reached) {
        stream.save(reached);
    }

    /** The run ends: what was confirmed is saved. */
    public void saveFinally() {
        saver.ifPresent(it -> it.end(open));
    }

    /**
     * Everything that committed before was handed out to all that are open; invalid while one waits for its bootstrap, or for
     * the stream to begin again.
     *
     * @param reached what the shared stream has reached
     */
    public Lsn handedOver(Lsn reached) {
        return stream.handedOver(reached);
    }

    /** Ends all for the subscribers, who may still confirm what they were given; nobody holds the stream back any more. */
    public void endEach() {
        synchronized (this) {
            stream.joinWait().stop();
        }
        open.forEach(subscription -> subscription.end(null, true));
    }

    /** Nothing more is put in, and who waits to do so goes on; those who are open still count, until {@link #endAll}. */
    public void endEach(RuntimeException cause) {
        synchronized (this) {
            stream.joinWait().stop();
        }
        open.forEach(subscription -> subscription.end(cause, false));
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
            stream.pause();
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
