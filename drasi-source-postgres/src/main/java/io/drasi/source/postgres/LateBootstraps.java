// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.bootstrap.NewSlot;
import io.drasi.source.postgres.bootstrap.RetentionGuard;
import io.drasi.source.postgres.bootstrap.Snapshot;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.LogContinuity;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.stream.StartedStream;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a bootstrap to those who ask for one while the source streams, without the others noticing: on a thread of its own,
 * from a temporary slot with its own exported snapshot. From that slot they are then given what has committed since, until
 * they have caught up with the shared stream and join it. What they still lack waits on the server, not in memory.
 *
 * <p>The shared slot keeps the log for them all the while. If their own stream breaks, the shared one begins again and
 * brings the rest. If the server must not keep so much, they are given up before it gives up the slot of all.
 */
final class LateBootstraps {
    private static final Logger LOG = LoggerFactory.getLogger(LateBootstraps.class);
    private static final Duration LOOK_AT_SLOT = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT_FOR_SLOT = Duration.ofMinutes(2);
    private static final int MOST_GIVEN_UP = 3;

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Subscriptions subscriptions;
    private final Connections connections;
    private final LogContinuity continuity;
    private final Advice advice;
    private final ServerChecks checks;
    private final ChangeMapper mapper;
    private final SourceMeter meter;
    private final Spool spool;
    private final Supplier<Lsn> told;
    private final Runnable look;
    private final StreamStarter starter;
    // Used by the thread alone.
    private final DatabaseTypes types;
    private final FormatChoice format;
    private final Backoff backoff = new Backoff();
    private Step step = Step.CONNECT;
    /** How many in a row were given up. */
    private int givenUpInARow;

    /** Of the thread; after it was given, the next thread gets another one. */
    private volatile StopSignal stop = new StopSignal();
    // Guarded by this.
    private @Nullable Thread thread;
    /** Whether the thread looks once more for somebody who waits, before it ends. */
    private boolean working;
    /** No thread begins any more. */
    private boolean over;
    /** The thread is to end, and to begin another time. */
    private boolean interrupted;
    /** The thread is to give up what it is at, and to begin again. */
    private boolean givenUp;

    private volatile @Nullable SourceException failure;
    private volatile @Nullable StreamReader reader;
    /** Whether the server has little more log to spare for the shared slot. */
    private volatile boolean endangered;

    /**
     * @param meter is told of what breaks
     * @param told up to where the server knows that all is confirmed
     * @param look has the source's thread look whether there is something to {@linkplain #throwIfFailed throw} or to
     *     {@linkplain #begin begin}
     */
    LateBootstraps(
            PostgresSourceConfig config,
            SelectedTables selected,
            Subscriptions subscriptions,
            Connections connections,
            LogContinuity continuity,
            Advice advice,
            ServerChecks checks,
            ChangeMapper mapper,
            SourceMeter meter,
            Spool spool,
            Supplier<Lsn> told,
            Runnable look) {
        this.config = config;
        this.selected = selected;
        this.subscriptions = subscriptions;
        this.connections = connections;
        this.continuity = continuity;
        this.advice = advice;
        this.checks = checks;
        this.mapper = mapper;
        this.meter = meter;
        this.spool = spool;
        this.told = told;
        this.look = look;
        this.starter = new StreamStarter(config);
        this.types = new DatabaseTypes(config.invalidText() == InvalidText.BYTES);
        this.format = new FormatChoice(config, types);
    }

    /** Begins if somebody waits for a bootstrap, unless it is at it already. By the source's thread, while it streams. */
    synchronized void begin() {
        if (!working && !over && subscriptions.wantBootstrap()) {
            renewSignal();
            interrupted = false;
            givenUp = false;
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
        synchronized (this) {
            interrupted = true;
        }
        stop.give(); // it is not renewed any more
        awaitEnd();
    }

    /** Whether the server is about to give up the shared slot because of what is kept for a bootstrap. */
    boolean endanger() {
        return endangered && subscriptions.besideStream().holdsMost();
    }

    /** Ends what is under way, has no log kept for it any more, and begins again. A marker tells of that. */
    void giveUp() {
        endangered = false;
        synchronized (this) {
            givenUp = working;
        }
        stop.give();
    }

    private synchronized void renewSignal() {
        if (stop.given()) {
            stop = new StopSignal();
        }
        subscriptions.besideStream().begin();
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

    /** Whether nobody is to go on with what the thread was at. */
    private synchronized boolean isDropped() {
        return over || givenUp;
    }

    /** Whether the shared stream begins again, after the thread has ended. */
    private synchronized boolean isInterrupted() {
        return interrupted && !over;
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
                attemptUnlessGivenUp();
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
        givenUpInARow = working ? givenUpInARow : 0;
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

    private void attemptUnlessGivenUp() {
        try {
            attempt();
        } catch (StopSignal.Stopped e) {
            if (!takesUpAgain()) {
                throw e;
            }
            letGo();
            beginAgainWithoutHold();
            awaitSlot();
        }
    }

    /**
     * The server moves the slot's end only now and then: before that, the next attempt would be given up at once. Whatever else
     * keeps the slot, a bootstrap does not wait longer for that.
     */
    private void awaitSlot() {
        long end = System.nanoTime() + LONGEST_WAIT_FOR_SLOT.toNanos();
        while (subscriptions.wantBootstrap() && slotInDanger() && System.nanoTime() - end < 0) {
            String message = "a bootstrap that was given up waits until slot " + config.slotName()
                    + " has come along: the server still keeps more than half of max_slot_wal_keep_size for it";
            LOG.info("source '{}': {}", config.id(), message);
            subscriptions.delayBootstrap(message);
            stop.pause(LOOK_AT_SLOT);
            letGo(); // of those who have come since, too: they would keep it
        }
    }

    private boolean slotInDanger() {
        Connections server = connections.sameServer();
        try (PostgresConnection ordinary = stop.whileConnecting(server::choose)) {
            return stop.during(() -> RetentionGuard.inDanger(ordinary, config.slotName()), ordinary::abort);
        } catch (PostgresClientException | ProtocolException | SourceException e) {
            stop.throwIfGiven();
            LOG.debug("source '{}': how much log is kept can't be asked: {}", config.id(), e.getMessage());
            return false; // the attempt will meet it again
        }
    }

    private void letGo() {
        while (true) {
            try {
                subscriptions.besideStream().letGo();
                return;
            } catch (PositionsNotSavedException e) {
                beginAgain("a bootstrap is to be given up, which is tried again", String.valueOf(e.getMessage()));
            }
        }
    }

    /** One bootstrap for all who wait; a failure that may pass is waited out. */
    private void attempt() {
        try {
            round();
            backoff.succeeded();
            givenUpInARow = 0;
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
        if (!cause.retryable()) {
            throw cause;
        }
        meter.attemptFailed(cause);
        beginAgain("a bootstrap broke, it begins again", String.valueOf(cause.getMessage()));
    }

    private void beginAgain(String what, String why) {
        Duration wait = backoff.failed();
        String message = what + " in " + wait.toMillis() + " ms (attempt " + backoff.attempt() + "): " + why;
        LOG.warn("source '{}': {}", config.id(), message);
        subscriptions.delayBootstrap(message);
        stop.pause(wait);
    }

    /** Whether the signal was given to give up, and nothing else. */
    private synchronized boolean takesUpAgain() {
        boolean again = givenUp && !over && !interrupted;
        givenUp = false;
        if (again) {
            subscriptions.besideStream().giveUp(); // before somebody can be given something beside the stream again
            renewSignal();
        }
        return again;
    }

    private void beginAgainWithoutHold() {
        givenUpInARow++;
        String why = "the server would have had to keep more than max_slot_wal_keep_size allows for slot "
                + config.slotName() + " until it had ended";
        if (givenUpInARow == MOST_GIVEN_UP) {
            givenUpInARow = 0;
            throw new PositionUnavailableException(
                    "a bootstrap was given up " + MOST_GIVEN_UP + " times in a row: " + why,
                    "Raise max_slot_wal_keep_size to twice of what is written during a bootstrap, or have the bootstrap"
                            + " when less is written.",
                    null);
        }
        beginAgain("a bootstrap was given up, it begins again", why);
    }

    private void round() {
        step = Step.CONNECT;
        // All of it on one server, whatever the source does meanwhile.
        Connections server = connections.sameServer();
        endangered = false; // a guard may have said so after its bootstrap was given up
        subscriptions.besideStream().hold(); // before there is a snapshot: what commits after it must not be lost
        RetentionGuard guard = new RetentionGuard(server::openOrdinary, config.slotName(), this::inDanger);
        try (guard;
                PostgresConnection ordinary = stop.whileConnecting(server::choose)) {
            guard.start();
            step = Step.CHECK;
            stop.during(() -> check(ordinary), ordinary::abort);
            step = Step.CONNECT_REPLICATION;
            try (ReplicationConnection replication = stop.whileConnecting(server::openReplication)) {
                stop.during(
                        () -> continuity.require(
                                replication, server.serverName(), Lsn.INVALID, connections.severalHosts()),
                        replication::abort);
                bootstrap(server, ordinary, replication);
            }
        }
    }

    private void inDanger(boolean now) {
        endangered = now;
        if (now) {
            look.run();
        }
    }

    private boolean check(PostgresConnection ordinary) {
        checks.requireReadable(ordinary, checks.check(ordinary));
        format.choose(ordinary);
        return format.binary();
    }

    private void bootstrap(Connections server, PostgresConnection ordinary, ReplicationConnection replication) {
        step = Step.CREATE_SLOT;
        NewSlot slot = NewSlot.temporary(config.id(), config.slotName());
        Snapshot snapshot =
                stop.during(() -> slot.create(ordinary, replication, this::waiting), () -> NewSlot.cancel(replication));
        if (snapshot.consistentPoint().isBefore(told.get())) {
            throw new ConnectionException(
                    "the snapshot of a bootstrap at " + server.serverName() + " is from "
                            + snapshot.consistentPoint() + ", before what the stream has confirmed at " + told.get()
                            + ": that is another server, which lags",
                    null,
                    null);
        }
        TableShapes shapes = new TableShapes(selected, types, format);
        BootstrapReceivers receivers = read(server, snapshot, shapes);
        if (receivers.gone()
                || subscriptions.besideStream().join(receivers, snapshot.consistentPoint(), shapes.current())) {
            return;
        }
        try {
            step = Step.START_STREAM;
            catchUp(server, ordinary, replication, slot.name(), snapshot.consistentPoint(), shapes, receivers);
        } catch (StopSignal.Stopped e) {
            if (isInterrupted()) {
                subscriptions.besideStream().joinNext(receivers, shapes.current());
            }
            throw e;
        } catch (PostgresClientException | ProtocolException | SourceException e) {
            if (isDropped()) {
                throw new StopSignal.Stopped();
            }
            LOG.warn(
                    "source '{}': the stream of slot {} broke, from which a bootstrap was catching up; the stream of all"
                            + " begins again to go on with that: {}",
                    config.id(),
                    slot.name(),
                    e.getMessage());
            subscriptions.besideStream().joinAgain(receivers, shapes.current());
        }
    }

    private void waiting(String what) {
        LOG.warn("source '{}': {}", config.id(), what);
        subscriptions.delayBootstrap(what);
    }

    private BootstrapReceivers read(Connections server, Snapshot snapshot, TableShapes shapes) {
        step = Step.SNAPSHOT;
        Bootstrap bootstrap = new Bootstrap(config, selected, checks, mapper, types, format, server::openOrdinary);
        try (PostgresConnection connection = stop.whileConnecting(server::openOrdinary)) {
            return stop.during(
                    () -> {
                        List<CatalogTable> tables = bootstrap.open(connection, snapshot);
                        shapes.expect(tables);
                        return bootstrap.read(connection, snapshot, tables, subscriptions, told.get(), true);
                    },
                    () -> {
                        subscriptions.besideStream().end();
                        connection.abort();
                        bootstrap.abort();
                    });
        }
    }

    private void catchUp(
            Connections server,
            PostgresConnection ordinary,
            ReplicationConnection replication,
            String slotName,
            Lsn start,
            TableShapes shapes,
            BootstrapReceivers receivers) {
        Duration interval = stop.during(() -> starter.statusInterval(replication), replication::abort);
        StartedStream stream =
                stop.during(() -> starter.start(replication, slotName, start, format.binary()), replication::abort);
        step = Step.STREAM;
        shapes.beginStream();
        AtomicBoolean joined = new AtomicBoolean();
        TransactionAssembler assembler =
                new TransactionAssembler(
                        mapper,
                        shapes,
                        new Catalog(ordinary::query, ordinary.serverVersionNumber()),
                        spool,
                        config.maxTransactionMemory());
        StreamReader current = new StreamReader(
                stream,
                assembler,
                new CatchUp(subscriptions, receivers, shapes::current, () -> {
                    joined.set(true);
                    subscriptionsChanged();
                }),
                advice,
                interval,
                start,
                server::serverShutsDown,
                Thread.currentThread().getName() + "-feedback");
        reader = current;
        try {
            stop.during(
                    () -> {
                        current.run(() -> !joined.get() && !stop.given() && !receivers.gone());
                        return joined.get();
                    },
                    () -> {
                        subscriptions.besideStream().end();
                        current.attention();
                    });
        } finally {
            reader = null;
        }
        stop.throwIfGiven();
        LOG.info("source '{}': a bootstrap has caught up with the stream at {}", config.id(), current.reached());
    }
}
