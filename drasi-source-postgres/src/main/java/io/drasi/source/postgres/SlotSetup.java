// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.replication.CreatedSlot;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.bootstrap.Snapshot;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.SlotMarker;
import io.drasi.source.postgres.server.SlotState;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.subscription.Subscriptions;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes between the checks and the stream: makes sure that there is a slot to stream from, and gives a bootstrap to
 * those who wait for one. Used by the run's thread.
 *
 * <p>While a subscription is owed a bootstrap a marker stands beside the slot, so that a start after a crash knows of it.
 */
final class SlotSetup {
    private static final Logger LOG = LoggerFactory.getLogger(SlotSetup.class);
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(1);

    private final String sourceId;
    private final Subscriptions subscriptions;
    private final SourceStatus status;
    private final StopSignal stop;
    private final Connections connections;
    private final Advice advice;
    private final Slots slots;
    private final ServerChecks checks;
    private final Bootstrap bootstrap;
    private final TableShapes shapes;
    private final RunProgress progress;
    private final Set<SlotMarker> markers = EnumSet.noneOf(SlotMarker.class);
    /** Whether there is a marker; for any thread. */
    private volatile boolean marked;
    /** Whether the marker of a later bootstrap was made by this run. */
    private boolean laterIsOurs;

    SlotSetup(
            String sourceId,
            Subscriptions subscriptions,
            SourceStatus status,
            StopSignal stop,
            Connections connections,
            Advice advice,
            Slots slots,
            ServerChecks checks,
            Bootstrap bootstrap,
            TableShapes shapes,
            RunProgress progress) {
        this.sourceId = sourceId;
        this.subscriptions = subscriptions;
        this.status = status;
        this.stop = stop;
        this.connections = connections;
        this.advice = advice;
        this.slots = slots;
        this.checks = checks;
        this.bootstrap = bootstrap;
        this.shapes = shapes;
        this.progress = progress;
    }

    /** Whether a bootstrap is owed; may be asked by any thread. */
    boolean marked() {
        return marked;
    }

    /**
     * Waits for a subscription, then makes sure that there is a slot, and that all who wait for a bootstrap have been sent
     * one.
     *
     * @param tables those to read, as they are now
     */
    void prepare(PostgresConnection ordinary, List<CatalogTable> tables) {
        slots.reserve(ordinary);
        slots.state(ordinary).ifPresent(slots::requireUsable);
        awaitSubscription();
        markers.clear();
        markers.addAll(slots.markers(ordinary));
        marked = !markers.isEmpty();
        Optional<SlotState> state = slots.state(ordinary);
        state.ifPresent(slots::requireUsable);
        if (state.isPresent() && markers.contains(SlotMarker.FIRST) && subscriptions.allWantBootstrap()) {
            LOG.warn(
                    "source '{}': the last bootstrap of slot {} did not end; it begins again with a new slot",
                    sourceId,
                    slots.name());
            slots.drop(ordinary);
            progress.forget();
            state = Optional.empty();
        }
        if (state.isEmpty()) {
            createSlot(ordinary, tables);
        } else {
            goOnFrom(state.get(), ordinary, tables);
        }
    }

    /** Whether there is a marker though nobody is owed a bootstrap any more, as far as that is known. */
    boolean canSettle() {
        return marked && !subscriptions.bootstrapOpen() && (subscriptions.bootstrapConfirmed() || laterIsOurs);
    }

    /** Takes the markers away once nobody is owed a bootstrap any more. */
    void settle(PostgresConnection ordinary) {
        if (!canSettle()) {
            return;
        }
        // What another process owed is known to be settled by a bootstrap only; what this one owes, also when those who
        // waited for it have gone.
        boolean confirmed = subscriptions.bootstrapConfirmed();
        for (SlotMarker marker : EnumSet.copyOf(markers)) {
            if (confirmed || (marker == SlotMarker.LATER && laterIsOurs)) {
                dropMarker(ordinary, marker);
            }
        }
    }

    private void dropMarker(PostgresConnection ordinary, SlotMarker marker) {
        slots.dropMarker(ordinary, marker);
        markers.remove(marker);
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

    private void goOnFrom(SlotState state, PostgresConnection ordinary, List<CatalogTable> tables) {
        Lsn flushed = state.confirmedFlush().orElse(Lsn.INVALID);
        if (progress.told().isValid() && flushed.isAfter(progress.told())) {
            throw new PositionUnavailableException(
                    "replication slot \"" + slots.name() + "\" stands at " + flushed + ", but the source has confirmed"
                            + " no more than " + progress.told()
                            + ": somebody else has read from it, advanced it or made it"
                            + " again, and the changes between are lost",
                    "Start again with a bootstrap, and leave the slot to this source.",
                    null);
        }
        Lsn slotLsn = progress.told().max(flushed);
        subscriptions.holdAt(slotLsn);
        if (subscriptions.wantBootstrap()) {
            bootstrapBesideTheSlot(ordinary, tables, slotLsn);
        } else if (marked && !subscriptions.bootstrapOpen()) {
            LOG.warn(
                    "source '{}': a bootstrap beside slot {} has not ended, and nobody who subscribes now wants one;"
                            + " a query that was in the middle of it has to subscribe with a bootstrap",
                    sourceId,
                    slots.name());
        }
    }

    /** If it fails for good, those who wait for it learn of it, and the others go on. */
    private void bootstrapBesideTheSlot(PostgresConnection ordinary, List<CatalogTable> tables, Lsn slotLsn) {
        try {
            checks.requireReadable(ordinary, tables);
            mark(ordinary, SlotMarker.LATER);
            bootstrap(ordinary, temporarySlotName(), SlotOptions.forThisConnection(), slotLsn);
        } catch (PostgresClientException | SourceException e) {
            SourceException failure = e instanceof PostgresClientException client
                    ? advice.explain(client, progress.step())
                    : (SourceException) e;
            if (stop.given() || failure.retryable() || subscriptions.allWantBootstrap()) {
                throw e;
            }
            LOG.error("source '{}': a bootstrap failed: {}", sourceId, failure.getMessage());
            subscriptions.endWaiting(failure);
        }
    }

    /** A slot whose first bootstrap is still owed has its marker already. */
    private void mark(PostgresConnection ordinary, SlotMarker marker) {
        if (markers.isEmpty()) {
            progress.step(Step.CREATE_SLOT);
            slots.createMarker(ordinary, marker);
            subscriptions.bootstrapOwed();
            markers.add(marker);
            marked = true;
            laterIsOurs = marker == SlotMarker.LATER;
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
        mark(ordinary, SlotMarker.FIRST);
        try {
            shapes.expect(bootstrap(ordinary, slots.name(), SlotOptions.permanent(), Lsn.INVALID));
        } catch (SourceException | PostgresClientException | ProtocolException e) {
            dropUnfinished(ordinary, e);
            throw e;
        }
    }

    /** With a new slot everything that was owed beside the old one is part of the first bootstrap. */
    private void settleOldMarker(PostgresConnection ordinary) {
        if (markers.contains(SlotMarker.LATER)) {
            dropMarker(ordinary, SlotMarker.LATER);
        }
    }

    private void createSlotAlone(PostgresConnection ordinary) {
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            stop.during(
                    () -> createSlot(ordinary, replication, slots.name(), SlotOptions.permanent(), false),
                    () -> cancel(replication));
        }
    }

    /** How the new slot has to begin; without one there is nothing to go on from, for those who don't begin with a bootstrap. */
    private Subscriptions.Beginning awaitBeginning() {
        while (true) {
            subscriptions.endResuming(new PositionUnavailableException(
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
            throw new PositionUnavailableException(
                    "replication slot \"" + slots.name()
                            + "\" was dropped while the source was using it: changes since " + progress.told()
                            + " are lost",
                    "Start again with a bootstrap.",
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
     * Makes a slot and reads the snapshot that it exports, for all who wait for a bootstrap.
     *
     * @param slotLsn what the shared slot holds the server's log for; invalid if it is the new one
     * @return the tables as the snapshot has them
     */
    private List<CatalogTable> bootstrap(
            PostgresConnection ordinary, String slotName, SlotOptions options, Lsn slotLsn) {
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            Snapshot snapshot = stop.during(
                    () -> createSlot(ordinary, replication, slotName, options, true), () -> cancel(replication));
            return readSnapshot(snapshot, slotLsn.isValid() ? slotLsn : snapshot.consistentPoint());
        }
    }

    /** A server that waits for transactions to end, to make a slot, would go on with that for a closed connection. */
    private static void cancel(ReplicationConnection replication) {
        boolean unused = replication.cancel(CANCEL_TIMEOUT);
        replication.abort();
    }

    private Snapshot createSlot(
            PostgresConnection ordinary,
            ReplicationConnection replication,
            String name,
            SlotOptions options,
            boolean export) {
        progress.step(Step.CREATE_SLOT);
        Instant before = Instant.parse(ordinary.query("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                        + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
                .single()
                .required(0));
        LOG.info(
                "source '{}': creating slot {}; this waits until transactions that write now have ended",
                sourceId,
                name);
        CreatedSlot created = replication.createLogicalSlot(
                name, options.withSnapshot(export ? SlotOptions.Snapshot.EXPORT : SlotOptions.Snapshot.NOTHING));
        LOG.info("source '{}': slot {} begins at {}", sourceId, name, created.consistentPoint());
        if (name.equals(slots.name())) {
            progress.slotStartsAt(created.consistentPoint());
            subscriptions.slotStartsAt(created.consistentPoint());
        }
        return new Snapshot(created.snapshotName().orElse(""), created.consistentPoint(), before);
    }

    /** Called while the connection that exported the snapshot is open, and keeps it so until the rows are read. */
    private List<CatalogTable> readSnapshot(Snapshot snapshot, Lsn slotLsn) {
        progress.step(Step.SNAPSHOT);
        try (PostgresConnection connection = stop.whileConnecting(connections::openOrdinary)) {
            return stop.during(
                    () -> {
                        List<CatalogTable> tables = bootstrap.open(connection, snapshot);
                        bootstrap.read(connection, snapshot, tables, subscriptions, slotLsn);
                        return tables;
                    },
                    () -> {
                        subscriptions.endEach();
                        connection.abort();
                    });
        }
    }

    private String temporarySlotName() {
        String suffix =
                "_" + Long.toHexString(ProcessHandle.current().pid()) + "_" + Long.toHexString(System.nanoTime());
        String name = slots.name();
        return name.substring(0, Math.min(name.length(), 63 - suffix.length())) + suffix;
    }
}
