// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.bootstrap.NewSlot;
import io.drasi.source.postgres.bootstrap.Snapshot;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.SlotRetention;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.stream.StreamReader;
import io.drasi.source.postgres.stream.StreamStarter;
import io.drasi.source.postgres.subscription.BootstrapReceivers;
import io.drasi.source.postgres.subscription.CatchUp;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.thread.ThreadEnd;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a bootstrap to those who ask for one while the source streams, without the others noticing: on a thread of its own,
 * from a temporary slot with its own exported snapshot. From that slot they are then given what has committed since, until
 * they have caught up with the shared stream and join it. What they still lack waits on the server, not in memory.
 *
 * <p>Whatever breaks on the way there, they are given another bootstrap. The shared slot keeps nothing for them, as it would
 * be lost together with the temporary one if the server must not keep so much.
 */
final class LateBootstraps {
    private static final Logger LOG = LoggerFactory.getLogger(LateBootstraps.class);
    private static final int MOST_SLOTS_LOST = 3;

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Subscriptions subscriptions;
    private final Connections connections;
    private final Advice advice;
    private final ServerChecks checks;
    private final ChangeMapper mapper;
    private final Runnable look;
    private final StreamStarter starter;
    // Used by the thread alone.
    private final DatabaseTypes types;
    private final FormatChoice format;
    private final Backoff backoff = new Backoff();
    private Step step = Step.CONNECT;
    private int slotsLost;

    /** Of the thread; after it was given, the next thread gets another one. */
    private volatile StopSignal stop = new StopSignal();
    // Guarded by this.
    private @Nullable Thread thread;
    /** Whether the thread looks once more for somebody who waits, before it ends. */
    private boolean working;
    /** No thread begins any more. */
    private boolean over;

    private volatile @Nullable SourceException failure;
    private volatile @Nullable StreamReader reader;

    /**
     * @param look has the source's thread look whether there is something to {@linkplain #throwIfFailed throw} or to
     *     {@linkplain #begin begin}
     */
    LateBootstraps(
            PostgresSourceConfig config,
            SelectedTables selected,
            Subscriptions subscriptions,
            Connections connections,
            Advice advice,
            ServerChecks checks,
            ChangeMapper mapper,
            Runnable look) {
        this.config = config;
        this.selected = selected;
        this.subscriptions = subscriptions;
        this.connections = connections;
        this.advice = advice;
        this.checks = checks;
        this.mapper = mapper;
        this.look = look;
        this.starter = new StreamStarter(config);
        this.types = new DatabaseTypes(config.invalidText() == InvalidText.BYTES);
        this.format = new FormatChoice(config, types);
    }

    /** Begins if somebody waits for a bootstrap, unless it is at it already. By the source's thread, while it streams. */
    synchronized void begin() {
        if (!working && !over && subscriptions.wantBootstrap()) {
            if (stop.given()) {
                stop = new StopSignal();
            }
            subscriptions.beginApart();
            working = true;
            Thread next = new Thread(this::run, "drasi-" + config.id() + "-bootstrap");
            next.setDaemon(true);
            thread = next;
            next.start();
        }
    }

    /**
     * Ends what is under way, and waits for that, until it {@linkplain #begin begins} again: there will be another slot, and
     * those who wait are given a bootstrap with that. By the source's thread, while it does not stream.
     */
    void interrupt() {
        stop.give();
        awaitEnd();
    }

    /**
     * Ends those who wait for a bootstrap, which {@code cause} says is not to be had; the others go on.
     *
     * @throws SourceException the cause, if there are no others
     */
    void refuse(SourceException cause) {
        end(cause);
        throwIfFailed();
    }

    /** A subscription was opened or closed. */
    void subscriptionsChanged() {
        StreamReader current = reader;
        if (current != null) {
            current.attention();
        }
    }

    /** @throws SourceException why nobody can be given a bootstrap, if nobody wants anything else */
    void throwIfFailed() {
        SourceException cause = failure;
        if (cause != null) {
            throw cause;
        }
    }

    /** Has it end in order. */
    void stop() {
        synchronized (this) {
            over = true;
        }
        stop.give();
    }

    private synchronized boolean over() {
        return over;
    }

    /** Waits until it has ended. After {@link #stop}. */
    void awaitEnd() {
        Thread current;
        synchronized (this) {
            current = thread;
        }
        if (current != null) {
            ThreadEnd.await(current);
        }
    }

    private void run() {
        try {
            while (goesOn()) {
                attempt();
            }
        } catch (StopSignal.Stopped e) {
            LOG.debug("source '{}': stopped in a bootstrap", config.id());
        } catch (SourceException e) {
            end(e);
        } catch (RuntimeException | Error e) {
            // Not foreseen: nobody may wait for what does not come any more.
            failure = new DecodingException("a bootstrap of source '" + config.id() + "' failed: " + e, null, e);
            throw e;
        } finally {
            idle();
        }
    }

    /** From when on this is false, {@link #begin} begins with another thread. */
    private synchronized boolean goesOn() {
        working = subscriptions.wantBootstrap();
        return working;
    }

    private void idle() {
        synchronized (this) {
            working = false;
        }
        look.run(); // somebody may have come since
    }

    private void end(SourceException cause) {
        if (subscriptions.allWantBootstrap()) {
            failure = cause;
        } else {
            LOG.error("source '{}': a bootstrap failed: {}", config.id(), cause.getMessage());
            subscriptions.endWaiting(cause);
        }
    }

    /** One bootstrap for all who wait; a failure that may pass is waited out. */
    private void attempt() {
        try {
            round();
            backoff.succeeded();
            slotsLost = 0;
        } catch (BinaryFormatException e) {
            stop.throwIfGiven();
            goOnInText(e);
        } catch (PostgresClientException e) {
            stop.throwIfGiven();
            if (format.binary() && SourceRun.isWithoutSendFunction(e)) {
                goOnInText(SourceRun.refusedToSend(e));
            } else {
                retryOrThrow(advice.explain(e, step));
            }
        } catch (ProtocolException e) {
            retryOrThrow(advice.explain(e, step));
        } catch (SourceException e) {
            retryOrThrow(e);
        }
    }

    private void goOnInText(BinaryFormatException why) {
        format.giveUp(why);
        LOG.info("source '{}': the bootstrap begins again in text format: {}", config.id(), why.getMessage());
    }

    private void retryOrThrow(SourceException cause) {
        stop.throwIfGiven(); // stopping closes connections
        if (!cause.retryable() && !startsOver(cause)) {
            throw cause;
        }
        Duration wait = backoff.failed();
        String message = "a bootstrap broke, it begins again in " + wait.toMillis() + " ms (attempt "
                + backoff.attempt() + "): " + cause.getMessage();
        LOG.warn("source '{}': {}", config.id(), message);
        subscriptions.delayBootstrap(message);
        stop.pause(wait);
    }

    /** What is lost for a slot of this thread is lost for the shared one too, whose stream deals with it. */
    private boolean startsOver(SourceException cause) {
        return config.onPositionLost() == OnPositionLost.BOOTSTRAP
                && cause instanceof PositionUnavailableException lost
                && lost.slotLost();
    }

    private void round() {
        step = Step.CONNECT;
        try (PostgresConnection ordinary = stop.whileConnecting(connections::openOrdinary)) {
            step = Step.CHECK;
            stop.during(() -> check(ordinary), ordinary::abort);
            step = Step.CONNECT_REPLICATION;
            try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
                bootstrap(ordinary, replication);
            }
        }
    }

    private boolean check(PostgresConnection ordinary) {
        checks.requireReadable(ordinary, checks.check(ordinary));
        format.choose(ordinary);
        return format.binary();
    }

    private void bootstrap(PostgresConnection ordinary, ReplicationConnection replication) {
        step = Step.CREATE_SLOT;
        NewSlot slot = NewSlot.temporary(config.id(), config.slotName());
        Snapshot snapshot =
                stop.during(() -> slot.create(ordinary, replication, this::waiting), () -> NewSlot.cancel(replication));
        SlotRetention retention = SlotRetention.of(ordinary, slot.name());
        try {
            TableShapes shapes = new TableShapes(selected, types, format);
            BootstrapReceivers receivers = read(snapshot, shapes, () -> retention.requireKept(ordinary));
            if (!receivers.gone() && !subscriptions.join(receivers, snapshot.consistentPoint())) {
                catchUp(ordinary, replication, slot.name(), snapshot.consistentPoint(), shapes, receivers, retention);
            }
        } catch (PostgresClientException | ProtocolException | SourceException e) {
            stop.throwIfGiven(); // stopping closes connections
            throw retention.isLost(ordinary) ? lost(retention, e) : e;
        }
    }

    /** Another slot may last longer; but not for ever: each bootstrap costs the server much. */
    private SourceException lost(SlotRetention retention, RuntimeException cause) {
        slotsLost++;
        return slotsLost < MOST_SLOTS_LOST
                ? retention.lost(cause)
                : new PositionUnavailableException(
                        "a bootstrap lost its slot " + slotsLost + " times in a row: "
                                + retention.lost(cause).problem(),
                        retention.remedy(),
                        cause);
    }

    private void waiting(String what) {
        LOG.warn("source '{}': {}", config.id(), what);
        subscriptions.delayBootstrap(what);
    }

    private BootstrapReceivers read(Snapshot snapshot, TableShapes shapes, Runnable beforePart) {
        step = Step.SNAPSHOT;
        Bootstrap bootstrap = new Bootstrap(config, selected, checks, mapper, types, format, connections::openOrdinary);
        try (PostgresConnection connection = stop.whileConnecting(connections::openOrdinary)) {
            return stop.during(
                    () -> {
                        List<CatalogTable> tables = bootstrap.open(connection, snapshot);
                        shapes.expect(tables);
                        return bootstrap.read(connection, snapshot, tables, subscriptions, true, beforePart);
                    },
                    () -> {
                        subscriptions.endApart();
                        connection.abort();
                        bootstrap.abort();
                    });
        }
    }

    private void catchUp(
            PostgresConnection ordinary,
            ReplicationConnection replication,
            String slotName,
            Lsn start,
            TableShapes shapes,
            BootstrapReceivers receivers,
            SlotRetention retention) {
        try {
            stream(ordinary, replication, slotName, start, shapes, receivers, retention);
        } catch (RuntimeException e) {
            if (!over()) {
                subscriptions.wantAgain(receivers);
            }
            throw e;
        }
    }

    private void stream(
            PostgresConnection ordinary,
            ReplicationConnection replication,
            String slotName,
            Lsn start,
            TableShapes shapes,
            BootstrapReceivers receivers,
            SlotRetention retention) {
        step = Step.START_STREAM;
        Duration interval = stop.during(() -> starter.statusInterval(replication), replication::abort);
        ReplicationStream stream =
                stop.during(() -> starter.start(replication, slotName, start, format.binary()), replication::abort);
        step = Step.STREAM;
        shapes.beginStream();
        AtomicBoolean joined = new AtomicBoolean();
        TransactionAssembler assembler =
                new TransactionAssembler(mapper, shapes, new Catalog(ordinary::query, ordinary.serverVersionNumber()));
        StreamReader current = new StreamReader(
                stream,
                assembler,
                new CatchUp(subscriptions, receivers, () -> {
                    joined.set(true);
                    subscriptionsChanged();
                }),
                advice,
                interval,
                start,
                connections::serverShutsDown,
                Thread.currentThread().getName() + "-feedback");
        reader = current;
        try {
            stop.during(
                    () -> {
                        current.run(() -> !joined.get() && !stop.given() && !receivers.gone());
                        return joined.get();
                    },
                    () -> {
                        subscriptions.endApart();
                        current.attention();
                    });
        } finally {
            reader = null;
            retention.confirmed(current.told());
        }
        stop.throwIfGiven();
        LOG.info("source '{}': a bootstrap has caught up with the stream at {}", config.id(), current.reached());
    }
}
