// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open subscriptions of a source. Hands events to all of them, and knows what all of them have confirmed.
 *
 * <p>One thread hands out; opening, closing and confirming may be done by any.
 */
public final class Subscriptions implements Outlet {
    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);

    /** How a new slot has to begin for those that are open. */
    public enum Beginning {
        WITH_NOBODY,
        WITH_STREAM,
        WITH_BOOTSTRAP
    }

    private final String sourceId;
    private final DispatchMode mode;
    private final int capacity;
    private final boolean startsOver;
    private final Runnable changed;
    private final Runnable confirmed;
    private final Optional<PositionSaver> saver;
    private final SourceMeter meter;
    private final CopyOnWriteArrayList<SourceSubscription> open = new CopyOnWriteArrayList<>();

    /** Those who catch up with the stream and have come that near, in bytes of the log, are waited for by it. */
    private static final long NEAR = 1 << 20;
    /** The others shall not notice it. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** After one that was in vain the stream goes on for so many times as long, however near they are. */
    private static final int GO_ON_FACTOR = 9;

    /** Nobody is given anything beside the stream any more; who waits to do so gives up. */
    private volatile boolean apartHasEnded;

    // All below are guarded by this.
    /** A subscription that is opened while a transaction is handed out begins after it. */
    private final HandedOut handedOut = new HandedOut();
    /** The stream has to begin again where all had confirmed, and until then gives nothing. */
    private boolean paused = true;
    /** What the last one had confirmed when it was closed and nobody was left. */
    private Lsn leftAt = Lsn.INVALID;
    /** Whether the one that was closed last was owed a bootstrap. */
    private boolean leftOwed;
    /** The commit LSN of what the stream has begun to hand out last; invalid: it has just begun. */
    private Lsn handingOut = Lsn.INVALID;
    /** Whether some who catch up with the stream are so near that it waits for them. */
    private boolean waitedFor;
    /** Before that the stream does not wait for them. */
    private long nextWait = System.nanoTime();
    /** Nothing that committed before is to be had: the slot was made here in this run, or has let go of something. */
    private Lsn slotStart = Lsn.INVALID;
    /** The server's log was at least as long as that when the stream began. */
    private Lsn logEnd = Lsn.INVALID;
    /** What was confirmed of the slot before this run. */
    private Lsn slotStoodAt = Lsn.INVALID;
    /** Whether a process has ended while it gave somebody a bootstrap beside the stream. */
    private boolean bootstrapBroken;
    /** Names the log; empty: not known, or nobody wants to know. */
    private String origin = "";
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
                mode,
                capacity,
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
            DispatchMode mode,
            int capacity,
            boolean startsOver,
            Runnable changed,
            Runnable confirmed,
            Optional<PositionSaver> saver,
            SourceMeter meter) {
        this.sourceId = sourceId;
        this.mode = mode;
        this.capacity = capacity;
        this.startsOver = startsOver;
        this.changed = changed;
        this.confirmed = confirmed;
        this.saver = saver;
        this.meter = meter;
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
        SourceSubscription subscription = new SourceSubscription(settings, resumption, mode, capacity, this);
        synchronized (this) {
            requireOpenable(subscription, settings.queryId());
            Optional<PositionUnavailableException> refusal = otherOrigin(subscription);
            if (refusal.isEmpty()) {
                refusal = lost(subscription, settings);
                if (refusal.isPresent() && startsOver(subscription, refusal.get())) {
                    refusal = Optional.empty();
                }
            }
            if (refusal.isPresent()) {
                subscription.end(refusal.get(), false);
                return subscription;
            }
            Optional<Position> resumeFrom = subscription.resumeFrom();
            if (resumeFrom.isPresent() && !paused && !streamGivesNext(resumeFrom.get())) {
                paused = true; // the stream begins again; the others are not given anything twice
                leftAt = Lsn.INVALID;
            } else if (!paused) {
                subscription.enterStream();
                if (resumeFrom.isEmpty()) {
                    handedOut.last().ifPresent(subscription::joinAfter);
                }
            }
            open.add(subscription);
        }
        changed.run();
        meter.changed();
        return subscription;
    }

    /** Whether what the stream gives next is what follows {@code position}, and not something before or after it. */
    private boolean streamGivesNext(Position position) {
        Lsn known = handedOut
                .last()
                .map(last -> new Lsn(last.commitLsn()))
                .orElse(Lsn.INVALID)
                .max(logEnd);
        return !handedOut.isBeyond(position) && !known.isBefore(new Lsn(position.commitLsn()));
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

    /** Why changes are lost that follow where it wants to go on from, as far as that is known. */
    private Optional<PositionUnavailableException> lost(
            SourceSubscription subscription, SubscriptionSettings settings) {
        Optional<Position> position = subscription.resumeFrom();
        if (position.isEmpty()) {
            return Optional.empty();
        }
        boolean canGoOn = Long.compareUnsigned(position.get().commitLsn(), slotStart.value()) >= 0
                && handedOut.canRepeatAfter(position.get(), new LabelFilter(settings.labels()));
        return canGoOn
                ? behindSlot(subscription)
                : Optional.of(ResumeRefusal.of(
                        subscription,
                        "the server was told that later changes are confirmed, and does not send them again"));
    }

    private Optional<PositionUnavailableException> otherOrigin(SourceSubscription subscription) {
        return origin.isEmpty() ? Optional.empty() : ResumeRefusal.otherOrigin(subscription, origin);
    }

    private Optional<PositionUnavailableException> behindSlot(SourceSubscription subscription) {
        return slotStoodAt.isValid()
                ? ResumeRefusal.behindSlot(subscription, slotStoodAt, bootstrapBroken)
                : Optional.empty();
    }

    /** What is confirmed is saved in a store, if there is one for it. */
    public Optional<PositionSaver> saver() {
        return saver;
    }

    /**
     * Positions belong to that log. Those that want to go on from a place of another are ended.
     *
     * @param name of the server and its slot
     */
    public void origin(String name) {
        synchronized (this) {
            origin = name;
        }
        saver.ifPresent(it -> it.origin(name));
        for (SourceSubscription subscription : open) {
            ResumeRefusal.otherOrigin(subscription, name).ifPresent(cause -> endWith(subscription, cause));
        }
    }

    /**
     * A run begins with a slot that exists. Those that need what the slot does not have any more are ended, as far as that is
     * known.
     *
     * @param flushed what was confirmed before
     * @param broken whether a process has ended while it gave somebody a bootstrap beside the stream, so that the slot may not
     *     have what that one lacks
     */
    public void slotStandsAt(Lsn flushed, boolean broken) {
        synchronized (this) {
            slotStoodAt = flushed;
            bootstrapBroken = broken;
        }
        for (SourceSubscription subscription : open) {
            ResumeRefusal.behindSlot(subscription, flushed, broken).ifPresent(cause -> lacks(subscription, cause));
        }
        saver.ifPresent(PositionSaver::enable);
    }

    /**
     * It is to be given a bootstrap: nothing that the store has of it is true any more.
     *
     * @throws io.drasi.source.postgres.error.PositionsNotSavedException if the store can't be written; to be tried again
     */
    void forgetPosition(SourceSubscription subscription) {
        subscription.storeNoMore();
        if (saver.isPresent() && subscription.isStored()) {
            saver.get().forget(subscription.queryId());
            subscription.isForgotten();
        }
    }

    /** A run begins; what an earlier one left is forgotten. */
    public synchronized void begin() {
        failure = null;
        handedOut.clear();
        paused = true;
        leftAt = Lsn.INVALID;
        slotStart = Lsn.INVALID;
        logEnd = Lsn.INVALID;
        bootstrapConfirmed = false;
        leftOwed = false;
        slotStoodAt = Lsn.INVALID;
        bootstrapBroken = false;
        origin = "";
    }

    /** No more subscriptions are opened. */
    public synchronized void closeForGood() {
        closed = true;
    }

    /**
     * The slot was made new: nothing that committed before its consistent point is to be had, and those that want it are
     * ended.
     */
    public void slotStartsAt(Lsn consistentPoint) {
        lostBefore(consistentPoint, "the replication slot was made anew and begins at " + consistentPoint);
    }

    /**
     * Not all that committed before is to be had, and those that want to go on from there are ended, or given a
     * bootstrap instead.
     *
     * @param why not, for their error
     */
    public void lostBefore(Lsn lsn, String why) {
        synchronized (this) {
            slotStart = lsn;
        }
        for (SourceSubscription subscription : open) {
            Optional<Position> from = subscription.resumeFrom();
            if (from.isPresent() && new Lsn(from.get().commitLsn()).isBefore(lsn)) {
                lacks(subscription, ResumeRefusal.of(subscription, why));
            }
        }
        saver.ifPresent(PositionSaver::enable);
    }

    /** The server has log up to there. Those that want to go on from beyond come from another server, and are ended. */
    public void logEndsAt(Lsn end) {
        synchronized (this) {
            logEnd = end;
        }
        for (SourceSubscription subscription : open) {
            Optional<Position> from = subscription.resumeFrom();
            if (from.isPresent() && new Lsn(from.get().commitLsn()).isAfter(end)) {
                endWith(subscription, ResumeRefusal.beyondLog(subscription, end));
            }
        }
    }

    /**
     * The server's log has what was read before, on another timeline, up to there. Those that were given later changes, or want
     * to go on from later ones, are ended.
     */
    public void logForksAt(Lsn fork) {
        for (SourceSubscription subscription : open) {
            Lsn furthest = subscription.furthest();
            if (furthest.isAfter(fork)) {
                forgetPosition(subscription); // it is of a log that is lost, and this one will be as long some day
                endWith(subscription, lostInPromotion(subscription.queryId(), furthest, fork));
            }
        }
    }

    /** The furthest position up to which one of them knows the log, or from which it wants to go on. */
    public Lsn furthest() {
        return open.stream().map(SourceSubscription::furthest).reduce(Lsn.INVALID, Lsn::max);
    }

    /** It can't be given the changes that follow what it has. */
    private void lacks(SourceSubscription subscription, RuntimeException cause) {
        if (!startsOver(subscription, cause)) {
            endWith(subscription, cause);
        }
    }

    /** Whether it can do without them: then it waits for a bootstrap now. */
    private boolean startsOver(SourceSubscription subscription, RuntimeException cause) {
        if (!startsOver || !subscription.beganWithBootstrap()) {
            return false;
        }
        String why = cause instanceof SourceException known ? known.problem() : String.valueOf(cause.getMessage());
        LOG.warn(
                "source '{}': subscription '{}' is given another bootstrap: {}", sourceId, subscription.queryId(), why);
        subscription.startOver();
        subscription.inlet().tell(new SourceEvent.BootstrapDelayed(why));
        return true;
    }

    private void endWith(SourceSubscription subscription, RuntimeException cause) {
        subscription.storeNoMore(); // what it could not have was not confirmed
        remove(subscription); // first, so that the query can subscribe again at once
        subscription.end(cause, false);
    }

    private static PositionUnavailableException lostInPromotion(String queryId, Lsn furthest, Lsn fork) {
        return new PositionUnavailableException(
                "subscription '" + queryId + "' has been given what committed up to " + furthest
                        + ", but the server was promoted when it had the log up to " + fork
                        + ": changes that were delivered are lost on this server",
                "Subscribe with a bootstrap.",
                null);
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
                paused = true;
                leftAt = confirmedLsn;
                leftOwed = owed;
                handedOut.forget(confirmedLsn); // it may be told at any time now
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

    /** A stream begins, at what was confirmed last. */
    public synchronized void beginStream() {
        paused = open.isEmpty();
        handingOut = Lsn.INVALID;
        open.forEach(SourceSubscription::enterStream);
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

    /** Whether the server's log is kept longer for those who are given a bootstrap beside the stream than for all others. */
    public boolean bootstrapsHoldMost() {
        Optional<Lsn> onTheirWay = leastHold(true);
        return onTheirWay.isPresent()
                && leastHold(false)
                        .map(others -> onTheirWay.get().isBefore(others))
                        .orElse(true);
    }

    private Optional<Lsn> leastHold(boolean onItsWay) {
        return open.stream()
                .filter(subscription -> subscription.isOnItsWay() == onItsWay)
                .flatMap(subscription -> subscription.holdsAt().stream())
                .min(Lsn::compareTo);
    }

    /** A bootstrap beside the stream is to begin: from here on the log is kept for those who wait. */
    public void holdForBootstraps() {
        open.forEach(SourceSubscription::holdAgain);
    }

    /** Those who are given a bootstrap beside the stream wait for another one. */
    public synchronized void giveUpBootstraps() {
        open.forEach(SourceSubscription::giveUp);
        stopWaiting();
    }

    /**
     * No log is kept for those who wait for a bootstrap, until one is to {@linkplain #holdForBootstraps begin}. It may take as
     * long as the position store does.
     *
     * @throws io.drasi.source.postgres.error.PositionsNotSavedException if the position of one can't be forgotten; to be tried
     *     again, the log is kept for it
     */
    public void letGoOfBootstraps() {
        open.forEach(SourceSubscription::letGo);
    }

    /** There is a marker for those who wait for a bootstrap. */
    public void owed() {
        open.forEach(SourceSubscription::owed);
    }

    /** A marker stands for a bootstrap that is still to come: none that was confirmed before counts for it. */
    public synchronized void bootstrapOwed() {
        bootstrapConfirmed = false;
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

    /** Ends those that want to go on from a position, which {@code cause} says is not to be had. */
    public void endResuming(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            if (subscription.resumeFrom().isPresent()) {
                lacks(subscription, ResumeRefusal.with(subscription, cause));
            }
        }
    }

    /** Whether one began with a bootstrap, so that another could take the place of what is lost. */
    public boolean beganWithBootstrap() {
        return open.stream().anyMatch(SourceSubscription::beganWithBootstrap);
    }

    /**
     * The slot is lost: those that began with a bootstrap wait for another, if the source starts over; the others are ended.
     * While there is no stream.
     */
    public void startOver(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            lacks(subscription, cause);
        }
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

    /**
     * Those who have been given everything that committed before {@code reached} join the stream, if it has not begun to hand
     * out something after that. If it is only a little ahead, it waits for them for a moment.
     *
     * @param tables as they know them, by OID
     * @return whether they have joined
     */
    public synchronized boolean join(BootstrapReceivers receivers, Lsn reached, Map<Long, TableShape> tables) {
        if (!paused && !handingOut.isBefore(reached)) {
            waitedFor = handingOut.value() - reached.value() < NEAR;
            return false;
        }
        receivers.join(reached, !paused, tables);
        stopWaiting();
        return true;
    }

    /** Somebody may be given something beside the stream. */
    public void beginApart() {
        apartHasEnded = false;
    }

    /** What is given beside the stream ends here; those who are given it stay open. */
    public void endApart() {
        apartHasEnded = true;
        synchronized (this) {
            stopWaiting();
        }
        open.forEach(SourceSubscription::lookAgain);
    }

    boolean apartHasEnded() {
        return apartHasEnded;
    }

    /** Somebody may wait for a bootstrap now. */
    void changed() {
        changed.run();
    }

    /** Those who were catching up go on with the stream that begins next, which brings what they lack. */
    public synchronized void joinNext(BootstrapReceivers receivers, Map<Long, TableShape> tables) {
        receivers.joinAgain(tables);
    }

    /** Those who were catching up can't go on with that: the stream begins again and brings what they lack. */
    public void joinAgain(BootstrapReceivers receivers, Map<Long, TableShape> tables) {
        synchronized (this) {
            receivers.joinAgain(tables);
            stopWaiting();
            paused = true;
            leftAt = Lsn.INVALID;
        }
        changed.run();
    }

    private void stopWaiting() {
        waitedFor = false;
        notifyAll();
    }

    private void awaitThoseNear() {
        long start = System.nanoTime();
        if (!waitedFor || start - nextWait < 0) {
            return;
        }
        long end = start + LONGEST_WAIT_NANOS;
        boolean interrupted = false;
        while (waitedFor && !paused && System.nanoTime() - end < 0) {
            try {
                TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (waitedFor) {
            waitedFor = false;
            long now = System.nanoTime();
            nextWait = now + GO_ON_FACTOR * (now - start);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void reached(Lsn lsn) {
        // What was handed out says all.
    }

    /** Hands out; waits for room where the mode holds back. Returns whether somebody wants something of it. */
    @Override
    public boolean handOut(CommittedTransaction transaction) {
        List<SourceSubscription> receivers;
        synchronized (this) {
            awaitThoseNear();
            if (paused) {
                return false;
            }
            handingOut = new Lsn(transaction.position().commitLsn());
            if (transaction.size() > 0) {
                handedOut.add(transaction); // nobody misses an empty one
            }
            receivers = ofThisStream();
        }
        meter.received(transaction);
        boolean wanted = false;
        for (SourceSubscription receiver : receivers) {
            wanted |= receiver.inlet().putTransaction(transaction, false);
        }
        return wanted;
    }

    /**
     * Those who are given what is handed out now. Who has to wait for another stream in the meantime, as its own has broken, is
     * not: it lacks what comes before.
     */
    private List<SourceSubscription> ofThisStream() {
        return open.stream().filter(subscription -> !subscription.isApart()).toList();
    }

    /** Hands out; those whose rows have other ids now wait for a bootstrap then. */
    @Override
    public void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
        handOut(change, repeated, subscription -> true);
    }

    private void handOut(SourceEvent.SchemaChanged change, boolean repeated, Predicate<SourceSubscription> wantsIt) {
        List<SourceSubscription> receivers;
        synchronized (this) {
            handingOut = new Lsn(change.position().commitLsn());
            // While the stream has to begin again, those for whom it does will get what it brings then.
            receivers = ofThisStream().stream()
                    .filter(wantsIt)
                    .filter(subscription -> !repeated || subscription.lacks(change))
                    .filter(subscription -> !paused || subscription.inStream())
                    .toList();
        }
        for (SourceSubscription receiver : receivers) {
            receiver.inlet().putSchemaChange(change, false);
        }
        if (change.idsInvalidated() && wantBootstrap()) {
            changed.run();
        }
    }

    /** Those who have come beside the stream compare it with what they know, once for each table. */
    @Override
    public void described(TableDescription description) {
        synchronized (this) {
            handingOut = new Lsn(description.position().commitLsn()); // who joins later would miss it
        }
        Set<SourceSubscription> withOwn = new HashSet<>();
        for (SourceSubscription subscription : open) {
            if (subscription.inlet().takeDescription(description)) {
                withOwn.add(subscription);
            }
        }
        description
                .change()
                .ifPresent(shared ->
                        handOut(shared.change(), shared.repeated(), subscription -> !withOwn.contains(subscription)));
        if (!withOwn.isEmpty() && wantBootstrap()) {
            changed.run();
        }
    }

    /**
     * {@inheritDoc}
     *
     * @return with nobody left, what the last one had confirmed
     */
    @Override
    public Lsn confirmedUpTo(Lsn reached) {
        Confirmed confirmed = confirmedBy(reached);
        return saver.map(it -> it.savedOf(confirmed.least(), confirmed.by())).orElse(confirmed.least());
    }

    @Override
    public void save(Lsn reached) {
        Confirmed confirmed = confirmedBy(reached);
        saver.ifPresent(it -> it.save(confirmed.least(), confirmed.by()));
    }

    /** The run ends: what was confirmed is saved. */
    public void saveFinally() {
        saver.ifPresent(it -> it.end(open));
    }

    /** Up to where all of those have confirmed. */
    private record Confirmed(Lsn least, List<SourceSubscription> by) {}

    private Confirmed confirmedBy(Lsn reached) {
        List<SourceSubscription> asked;
        synchronized (this) {
            if (paused) {
                return new Confirmed(leftAt.min(reached), List.of());
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
                return new Confirmed(leftAt.min(reached), List.of());
            }
            handedOut.forget(least);
            return new Confirmed(least, asked);
        }
    }

    /**
     * Everything that committed before was handed out to all that are open; invalid while one waits for its bootstrap, or for
     * the stream to begin again.
     *
     * @param reached what the shared stream has reached
     */
    public Lsn handedOver(Lsn reached) {
        synchronized (this) {
            if (paused && !open.isEmpty()) {
                return Lsn.INVALID;
            }
        }
        Lsn least = reached;
        for (SourceSubscription subscription : open) {
            least = least.min(subscription.handedOver(reached));
        }
        return least;
    }

    /** Ends all for the subscribers, who may still confirm what they were given; nobody holds the stream back any more. */
    public void endEach() {
        synchronized (this) {
            stopWaiting();
        }
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
