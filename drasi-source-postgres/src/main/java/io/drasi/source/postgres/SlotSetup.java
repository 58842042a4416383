// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.bootstrap.NewSlot;
import io.drasi.source.postgres.bootstrap.Snapshot;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.SlotMarker;
import io.drasi.source.postgres.server.SlotState;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.subscription.BootstrapReceivers;
import io.drasi.source.postgres.subscription.Subscriptions;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes between the checks and the stream: makes sure that there is a slot to stream from, and with a new one gives a
 * bootstrap to those who wait for that. Used by the run's thread.
 *
 * <p>While a subscription is owed a bootstrap a marker stands beside the slot, so that a start after a crash knows of it.
 */
final class SlotSetup {
    private static final Logger LOG = LoggerFactory.getLogger(SlotSetup.class);

    private final String sourceId;
    private final boolean failoverSlot;
    private final boolean mayStartOver;
    private final Subscriptions subscriptions;
    private final SourceStatus status;
    private final StopSignal stop;
    private final Connections connections;
    private final ServerGuard guard;
    private final Slots slots;
    private final ServerChecks checks;
    private final Bootstrap bootstrap;
    private final LateBootstraps lateBootstraps;
    private final TableShapes shapes;
    private final RunProgress progress;
    private final Set<SlotMarker> markers = EnumSet.noneOf(SlotMarker.class);
    /** Whether there is a marker; for any thread. */
    private volatile boolean marked;
    /** The markers of later bootstraps that were made by this run. */
    private final Set<SlotMarker> ours = EnumSet.noneOf(SlotMarker.class);
    /** Whether somebody had confirmed the slot's first bootstrap when a later one was given up. */
    private boolean firstIsOver;
    /** Whether standbys keep the slot up. */
    private boolean keptUp;
    /** A thread that tells listeners what is waited for, and whose end the run's waits for. */
    private volatile @Nullable Thread telling;
    /** Why the slot has to be made anew; null: it has not. */
    private @Nullable PositionUnavailableException lost;

    /**
     * @param mayStartOver whether a slot that is lost may be made anew
     */
    SlotSetup(
            String sourceId,
            boolean failoverSlot,
            boolean mayStartOver,
            Subscriptions subscriptions,
            SourceStatus status,
            StopSignal stop,
            Connections connections,
            ServerGuard guard,
            Slots slots,
            ServerChecks checks,
            Bootstrap bootstrap,
            LateBootstraps lateBootstraps,
            TableShapes shapes,
            RunProgress progress) {
        this.sourceId = sourceId;
        this.failoverSlot = failoverSlot;
        this.mayStartOver = mayStartOver;
        this.subscriptions = subscriptions;
        this.status = status;
        this.stop = stop;
        this.connections = connections;
        this.guard = guard;
        this.slots = slots;
        this.checks = checks;
        this.bootstrap = bootstrap;
        this.lateBootstraps = lateBootstraps;
        this.shapes = shapes;
        this.progress = progress;
    }

    /** Whether it is in a listener of what is waited for; may be asked by any thread. */
    boolean isTelling(Thread thread) {
        return telling == thread;
    }

    /** Whether a bootstrap is owed; may be asked by any thread. */
    boolean marked() {
        return marked;
    }

    /**
     * Waits for a subscription, then makes sure that there is a slot; if it is made here, all who wait for a bootstrap have
     * been sent one then.
     *
     * @param tables those to read, as they are now
     */
    void prepare(PostgresConnection ordinary, List<CatalogTable> tables) {
        slots.reserve(ordinary);
        slots.state(ordinary).ifPresent(this::requireUsable);
        awaitSubscription();
        markers.clear();
        markers.addAll(slots.markers(ordinary));
        ours.retainAll(markers); // on another server they are somebody else's
        marked = !markers.isEmpty();
        settle(ordinary); // before this run goes on with the slot: a bootstrap was confirmed when there was no stream
        Optional<SlotState> state = slots.state(ordinary);
        state.ifPresent(this::requireUsable);
        if (state.isEmpty()) {
            guard.requireNotElsewhere(ordinary);
        }
        if (lost != null) {
            makeWay(ordinary, state, lost);
            state = Optional.empty();
        }
        boolean beginsAgain = beginsAgain();
        if (state.isEmpty() || beginsAgain) {
            lateBootstraps.interrupt(); // nobody is given two bootstraps at once
        }
        if (state.isPresent() && beginsAgain && beginsAgain()) { // somebody may have been given one until then
            LOG.warn(
                    "source '{}': the last bootstrap of slot {} did not end; it begins again with a new slot",
                    sourceId,
                    slots.name());
            requireCluster();
            slots.drop(ordinary);
            progress.forget();
            state = Optional.empty();
        }
        if (state.isEmpty()) {
            createSlot(ordinary, tables);
        } else {
            goOnFrom(state.get());
        }
    }

    /**
     * Whether somebody was given a bootstrap, or is just being given one, that no marker tells of: a promoted server has the
     * slot, but not its markers.
     */
    boolean lacksMarker() {
        return !marked && subscriptions.bootstrapBegun();
    }

    private void requireCluster() {
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            stop.during(() -> guard.beginAnew(replication), replication::abort);
        }
    }

    /** It does not matter whether the slot is still good if it is made anew, or if that depends on who subscribes. */
    private void requireUsable(SlotState state) {
        slots.requireOurs(state);
        if (lost == null && !(mayStartOver && subscriptions.isEmpty())) {
            slots.requireKept(state);
        }
    }

    /**
     * The slot is lost: the next {@link #prepare} makes it anew, with a bootstrap for those who began with one.
     *
     * @param cause what the others are told
     */
    void startOver(PositionUnavailableException cause) {
        lost = cause;
    }

    /**
     * Drops the lost slot. The marker comes first: after a crash the next start finds it, and begins again with a bootstrap,
     * whether it finds the slot too or not. Then the positions in the store go, so that nobody goes on from one.
     */
    private void makeWay(PostgresConnection ordinary, Optional<SlotState> state, PositionUnavailableException cause) {
        subscriptions.resumptions().startOver(cause); // for those that have come since
        if (!subscriptions.wantBootstrap()) {
            throw cause;
        }
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            stop.during(() -> guard.requireSame(replication), replication::abort);
        }
        progress.step(Step.CREATE_SLOT);
        if (!markers.contains(SlotMarker.FIRST)) {
            make(ordinary, SlotMarker.FIRST);
        }
        subscriptions.bootstrapOwed();
        subscriptions.owed();
        settleOldMarker(ordinary);
        if (state.isPresent()) {
            LOG.warn("source '{}': dropping replication slot {}, to make it anew", sourceId, slots.name());
            slots.drop(ordinary);
        }
        progress.forget();
        lost = null;
    }

    /** Whether the slot's first bootstrap did not end, and nobody needs what the slot holds. */
    private boolean beginsAgain() {
        return markers.contains(SlotMarker.FIRST) && subscriptions.allWantBootstrap();
    }

    /** Whether there is a marker though nobody is owed a bootstrap any more, as far as that is known. */
    boolean canSettle() {
        return marked
                && !subscriptions.bootstrapOpen()
                && (subscriptions.bootstrapConfirmed() || !ours.isEmpty() || firstIsBehind());
    }

    /** The process ended when the slot's bootstrap was confirmed, and before it had taken the marker away. */
    private boolean firstIsBehind() {
        return markers.contains(SlotMarker.FIRST) && subscriptions.bootstrapBehind();
    }

    /** Takes the markers away once nobody is owed a bootstrap any more. */
    void settle(PostgresConnection ordinary) {
        if (!canSettle()) {
            return;
        }
        // What another process owed is known to be settled by a bootstrap only; what this one owes, also when those who
        // waited for it have gone.
        boolean confirmed = subscriptions.bootstrapConfirmed();
        boolean firstIsBehind = firstIsBehind();
        for (SlotMarker marker : EnumSet.copyOf(markers)) {
            if (confirmed || ours.contains(marker) || (marker == SlotMarker.FIRST && firstIsBehind)) {
                dropMarker(ordinary, marker);
            }
        }
    }

    /**
     * Whether the slot is to be made a failover slot, which it can't while it is read. Not before its first bootstrap is
     * confirmed: the marker that tells of that is not on the standby, where the slot would be taken for one to go on from.
     */
    boolean owesFailover() {
        return failoverSlot && !keptUp && !markers.contains(SlotMarker.FIRST);
    }

    /** Makes the slot a failover slot if that is owed. */
    void keepUp(ReplicationConnection replication) {
        if (owesFailover()) {
            replication.alterSlotFailover(slots.name(), true);
            keptUp = true;
            LOG.info("source '{}': standbys keep slot {} up from now on", sourceId, slots.name());
        }
    }

    private void dropMarker(PostgresConnection ordinary, SlotMarker marker) {
        slots.dropMarker(ordinary, marker);
        markers.remove(marker);
        ours.remove(marker);
        marked = !markers.isEmpty();
    }

    private void awaitSubscription() {
        if (!subscriptions.isEmpty()) {
            return;
        }
        status.progress(ComponentStatus.RUNNING, "waits for a subscription", null);
        while (subscriptions.isEmpty()) {
            stop.awaitNews();
        }
        status.progress(ComponentStatus.STARTING, null, null);
    }

    private void goOnFrom(SlotState state) {
        keptUp = state.failover();
        Lsn flushed = state.confirmedFlush().orElse(Lsn.INVALID);
        if (progress.told().isValid() && flushed.isAfter(progress.told())) {
            throw PositionUnavailableException.ofSlot(
                    "replication slot \"" + slots.name() + "\" stands at " + flushed + ", but the source has confirmed"
                            + " no more than " + progress.told()
                            + ": somebody else has read from it, advanced it or made it"
                            + " again, and the changes between are lost",
                    "Start again with a bootstrap, and leave the slot to this source.",
                    null);
        }
        if (!progress.told().isValid()) {
            subscriptions
                    .resumptions()
                    .slotStandsAt(
                            flushed, markers.contains(SlotMarker.GIVEN_UP) && !ours.contains(SlotMarker.GIVEN_UP));
        }
        Lsn slotLsn = progress.told().max(flushed);
        subscriptions.holdAt(slotLsn);
        if (marked && !subscriptions.bootstrapOpen() && !firstIsBehind()) {
            LOG.warn(
                    "source '{}': a bootstrap beside slot {} has not ended, and nobody who subscribes now wants one;"
                            + " a query that was in the middle of it has to subscribe with a bootstrap",
                    sourceId,
                    slots.name());
        }
    }

    /** Somebody will be given a bootstrap beside the stream. */
    void owe(PostgresConnection ordinary) {
        mark(ordinary, SlotMarker.LATER);
    }

    /** A slot whose first bootstrap is still owed has its marker already. */
    private void mark(PostgresConnection ordinary, SlotMarker marker) {
        if (markers.isEmpty()) {
            make(ordinary, marker);
        }
        subscriptions.owed();
    }

    /** Returns whether a bootstrap was confirmed until then. */
    private boolean make(PostgresConnection ordinary, SlotMarker marker) {
        slots.createMarker(ordinary, marker);
        boolean confirmed = subscriptions.bootstrapOwed();
        markers.add(marker);
        marked = true;
        if (marker != SlotMarker.FIRST) {
            ours.add(marker);
        }
        return confirmed;
    }

    /** What the slot keeps for those who are given a bootstrap beside the stream is to be let go. */
    void giveUp(PostgresConnection ordinary) {
        if (!markers.contains(SlotMarker.GIVEN_UP)) {
            firstIsOver = make(ordinary, SlotMarker.GIVEN_UP);
        }
        if (firstIsOver && markers.contains(SlotMarker.FIRST)) {
            // Somebody needs what the slot holds; of those who are owed a bootstrap the new one tells.
            dropMarker(ordinary, SlotMarker.FIRST);
        }
    }

    /** Makes the permanent slot. If that or the bootstrap fails for good, no slot is left to hold the server's log. */
    private void createSlot(PostgresConnection ordinary, List<CatalogTable> tables) {
        Subscriptions.Beginning beginning = awaitBeginning();
        progress.forget();
        if (beginning == Subscriptions.Beginning.WITH_STREAM) {
            createSlotAlone(ordinary);
            return;
        }
        checks.requireReadable(ordinary, tables);
        settleOldMarker(ordinary);
        progress.step(Step.CREATE_SLOT);
        mark(ordinary, SlotMarker.FIRST);
        try {
            shapes.expect(bootstrap(ordinary));
        } catch (SourceException | PostgresClientException | ProtocolException e) {
            dropUnfinished(ordinary, e);
            throw e;
        }
    }

    /** With a new slot everything that was owed beside the old one is part of the first bootstrap. */
    private void settleOldMarker(PostgresConnection ordinary) {
        for (SlotMarker marker : EnumSet.of(SlotMarker.LATER, SlotMarker.GIVEN_UP)) {
            if (markers.contains(marker)) {
                dropMarker(ordinary, marker);
            }
        }
    }

    private void createSlotAlone(PostgresConnection ordinary) {
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            create(ordinary, replication, SlotOptions.Snapshot.NOTHING);
        }
    }

    /** How the new slot has to begin; without one there is nothing to go on from, for those who don't begin with a bootstrap. */
    private Subscriptions.Beginning awaitBeginning() {
        while (true) {
            if (mayStartOver && !subscriptions.isEmpty()) {
                requireNothingLost(); // a slot that this run has used is lost for all, not for single positions
            }
            subscriptions
                    .resumptions()
                    .endResuming(new PositionUnavailableException(
                            "replication slot \"" + slots.name()
                                    + "\" does not exist, so the changes after the position to resume from are lost",
                            "Subscribe with a bootstrap.",
                            null));
            Subscriptions.Beginning beginning = subscriptions.beginning();
            if (beginning != Subscriptions.Beginning.WITH_NOBODY) {
                requireNothingLost();
                return beginning;
            }
            awaitSubscription();
        }
    }

    private void requireNothingLost() {
        if (progress.told().isValid() && !subscriptions.allWantBootstrap()) {
            throw PositionUnavailableException.ofSlot(
                    "replication slot \"" + slots.name()
                            + "\" was dropped while the source was using it, or was not on this server when it was"
                            + " promoted: changes since " + progress.told() + " are lost",
                    "Start again with a bootstrap."
                            + (failoverSlot ? "" : " Option failover_slot has standbys keep it up."),
                    null);
        }
    }

    private void dropUnfinished(PostgresConnection ordinary, RuntimeException failure) {
        boolean retryable = failure instanceof SourceException source
                ? source.retryable()
                : failure instanceof PostgresClientException client && client.retryable();
        if (retryable) {
            return; // the next attempt finds the marker
        }
        try {
            if (progress.told().isValid()) {
                slots.drop(ordinary); // made here: if that had failed, one of this name would be somebody else's
                progress.forget();
            }
            dropMarker(ordinary, SlotMarker.FIRST);
        } catch (PostgresClientException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Makes the slot and reads the snapshot that it exports, for all who wait for a bootstrap.
     *
     * @return the tables as the snapshot has them
     */
    private List<CatalogTable> bootstrap(PostgresConnection ordinary) {
        progress.step(Step.CONNECT_REPLICATION);
        // The connection keeps the snapshot until it is opened.
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            return read(create(ordinary, replication, SlotOptions.Snapshot.EXPORT));
        }
    }

    private Snapshot create(PostgresConnection ordinary, ReplicationConnection replication, SlotOptions.Snapshot kind) {
        stop.during(() -> guard.beginAnew(replication), replication::abort);
        progress.step(Step.CREATE_SLOT);
        keptUp = failoverSlot && kind == SlotOptions.Snapshot.NOTHING;
        NewSlot slot = new NewSlot(
                sourceId,
                slots.name(),
                SlotOptions.permanent().withSnapshot(kind).withFailover(keptUp));
        Snapshot snapshot =
                stop.during(() -> slot.create(ordinary, replication, this::waiting), () -> NewSlot.cancel(replication));
        progress.slotStartsAt(snapshot.consistentPoint());
        subscriptions.resumptions().slotStartsAt(snapshot.consistentPoint());
        return snapshot;
    }

    private void waiting(String what) {
        LOG.warn("source '{}': {}", sourceId, what);
        telling = Thread.currentThread();
        status.progress(ComponentStatus.STARTING, what, null);
        telling = null;
        subscriptions.delayBootstrap(what);
    }

    private List<CatalogTable> read(Snapshot snapshot) {
        progress.step(Step.SNAPSHOT);
        try (PostgresConnection connection = stop.whileConnecting(connections::openOrdinary)) {
            return stop.during(
                    () -> {
                        List<CatalogTable> tables = bootstrap.open(connection, snapshot);
                        BootstrapReceivers unused = bootstrap.read(
                                connection, snapshot, tables, subscriptions, snapshot.consistentPoint(), false);
                        return tables;
                    },
                    () -> {
                        subscriptions.endEach();
                        connection.abort();
                        bootstrap.abort();
                    });
        }
    }
}
