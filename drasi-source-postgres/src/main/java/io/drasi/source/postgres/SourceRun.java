// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SlotHeldException;
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
import io.drasi.source.postgres.server.OwnPublication;
import io.drasi.source.postgres.server.OwnSessions;
import io.drasi.source.postgres.server.PublishedTables;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.SlotState;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.stream.StartedStream;
import io.drasi.source.postgres.stream.StreamReader;
import io.drasi.source.postgres.stream.StreamStarter;
import io.drasi.source.postgres.subscription.PositionSaver;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a source, from start to stop, on a thread of its own: connects, checks, makes sure that there is a slot,
 * bootstraps those who wait for it, streams; and all over again after a failure that may pass.
 */
final class SourceRun implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(SourceRun.class);
    /** The server notices so soon that a connection was closed. */
    private static final Duration OWN_SESSIONS_END = Duration.ofSeconds(2);

    private static final Duration ORDERLY_STOP = Duration.ofSeconds(8);
    /** Each start over costs a bootstrap, and the server a slot that it could not keep. */
    private static final int MOST_STARTS_OVER = 3;

    private static final String UNDEFINED_FUNCTION = "42883";
    /** A stream that breaks sooner, without having brought anything, was none. */
    private static final Duration LASTING_STREAM = Duration.ofSeconds(10);

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Subscriptions subscriptions;
    private final SourceStatus status;
    private final SourceMeter meter;
    private final StopSignal stop = new StopSignal();
    private final Connections connections;
    private final Advice advice;
    private final Slots slots;
    private final ServerGuard guard;
    private final ServerChecks checks;
    private final OwnPublication publication;
    private final SlotSetup slotSetup;
    private final ChangeMapper mapper;
    private final Spool spool;
    private final DatabaseTypes types;
    private final TableShapes shapes;
    private final FormatChoice format;
    private final StreamStarter starter;
    private final LateBootstraps lateBootstraps;
    private final RunProgress progress = new RunProgress();
    private final Backoff backoff = new Backoff();
    private final Thread thread;
    private volatile @Nullable StreamReader reader;
    private volatile @Nullable SlotWatch slotWatch;
    private volatile boolean publicationChanged;
    private volatile @Nullable PostgresConnection ordinaryConnection;
    private volatile @Nullable ReplicationConnection replicationConnection;
    private PublishedTables published = new PublishedTables(false, Map.of());
    /** How often the slot was lost before a bootstrap was confirmed. */
    private int startsOver;

    SourceRun(
            PostgresSourceConfig config,
            SelectedTables selected,
            Subscriptions subscriptions,
            SourceStatus status,
            OwnSessions sessions,
            SourceMeter meter) {
        this.meter = meter;
        this.config = config;
        this.selected = selected;
        this.subscriptions = subscriptions;
        this.status = status;
        this.connections = new Connections(config, sessions);
        this.advice = new Advice(config);
        this.slots = new Slots(config, advice, sessions);
        LogContinuity continuity = new LogContinuity();
        this.guard = new ServerGuard(slots.name(), subscriptions, connections, continuity, progress, stop);
        this.checks = new ServerChecks(config, selected, advice, guard::mayMeetAnother);
        this.publication = new OwnPublication(config, selected, advice);
        this.mapper = new ChangeMapper(config.id());
        this.spool = new Spool(config.id(), config.tempDir(), this::unreadable);
        this.types = new DatabaseTypes(config.invalidText() == InvalidText.BYTES);
        this.format = new FormatChoice(config, types);
        this.shapes = new TableShapes(selected, types, format);
        this.starter = new StreamStarter(config);
        this.lateBootstraps = new LateBootstraps(
                config,
                selected,
                subscriptions,
                connections,
                continuity,
                advice,
                checks,
                mapper,
                meter,
                spool,
                this::told,
                this::attention);
        this.slotSetup = new SlotSetup(
                config.id(),
                config.failoverSlot(),
                config.onPositionLost() == OnPositionLost.BOOTSTRAP,
                subscriptions,
                status,
                stop,
                connections,
                guard,
                slots,
                checks,
                new Bootstrap(config, selected, checks, mapper, types, format, connections::openOrdinary),
                lateBootstraps,
                shapes,
                progress);
        this.thread = new Thread(this, "drasi-" + config.id());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /**
     * Stops in order and waits for that, unless it is a thread of the run's own that stops it, in a listener. What has not
     * ended in order after a while is cut off.
     */
    void stop() {
        stop.give();
        lateBootstraps.stop();
        boolean interrupted = false;
        long cutOff = System.nanoTime() + ORDERLY_STOP.toNanos();
        while (thread.isAlive() && !calledByItself()) {
            try {
                thread.join(ORDERLY_STOP.toMillis());
                if (System.nanoTime() - cutOff >= 0) {
                    cutOff();
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether this is one of the threads that tell listeners something, whose end the run's own end waits for. */
    private boolean calledByItself() {
        SlotWatch watch = slotWatch;
        return thread == Thread.currentThread()
                || slotSetup.isTelling(Thread.currentThread())
                || (watch != null && watch.isCurrentThread());
    }

    /** Whether it has ended; one that has not begun yet, though started, has not. */
    boolean over() {
        return thread.getState() == Thread.State.TERMINATED;
    }

    private void cutOff() {
        PostgresConnection connection = ordinaryConnection;
        if (connection != null) {
            connection.abort();
        }
        ReplicationConnection stream = replicationConnection;
        if (stream != null) {
            stream.abort();
        }
    }

    /**
     * Asks the server which labels there are now.
     *
     * @throws SourceException if it can't be asked
     */
    void refreshLabels() {
        try (PostgresConnection connection = connections.openOrdinary()) {
            know(checks.check(connection));
        } catch (PostgresClientException e) {
            throw advice.explain(e, Step.CHECK);
        } catch (ProtocolException e) {
            throw advice.explain(e, Step.CHECK);
        }
    }

    private void know(List<CatalogTable> tables) {
        subscriptions.know(tables.stream().map(table -> table.name().label()).collect(Collectors.toSet()));
    }

    private void attention() {
        StreamReader current = reader;
        if (current != null) {
            current.attention();
        }
    }

    /** A transaction can't be read any more; on the thread of the subscriber that walks along it. */
    private void unreadable(SourceException cause) {
        subscriptions.besideStream().end(); // what a queue that has ended does not take was not given
        subscriptions.endEach(cause);
        attention();
    }

    /** A subscription was opened or closed. */
    void subscriptionsChanged() {
        stop.news();
        lateBootstraps.subscriptionsChanged();
        StreamReader current = reader;
        if (current != null) {
            current.attention();
            current.confirmed(); // one that is closed holds nothing any more
        }
    }

    /** A subscription has confirmed something. */
    void confirmed() {
        StreamReader current = reader;
        if (current != null) {
            current.confirmed();
            if (slotSetup.marked()) {
                current.attention();
            }
        }
    }

    /** Connections to the server that is read from; to any of the hosts, if none is. */
    Connections sameServer() {
        return connections.sameServer();
    }

    Lsn reached() {
        StreamReader current = reader;
        return current == null ? progress.reached() : current.reached();
    }

    Lsn told() {
        StreamReader current = reader;
        return current == null ? progress.told() : current.told();
    }

    /** The files of large transactions that there are now. */
    Spool.Usage spooled() {
        return spool.usage();
    }

    @Override
    public void run() {
        subscriptions
                .saver()
                .ifPresent(saver -> saver.begin(thread.getName() + "-positions", this::confirmed, this::attention));
        try {
            spool.begin();
            attemptUntilStopped();
            endLateBootstraps();
            settleAtLast();
            subscriptions.saveFinally();
            finish(ComponentStatus.STOPPED, null);
        } catch (SourceException e) {
            endLateBootstraps();
            settleAtLast();
            subscriptions.saveFinally();
            finish(ComponentStatus.ERROR, e);
        } catch (RuntimeException | Error e) {
            // Not foreseen: whoever listens must learn of it, and the thread's own handler too.
            lateBootstraps.stop();
            subscriptions.saveFinally();
            finish(ComponentStatus.ERROR, new DecodingException("source '" + config.id() + "' failed: " + e, null, e));
            throw e;
        }
    }

    private void endLateBootstraps() {
        lateBootstraps.stop();
        lateBootstraps.awaitEnd();
    }

    private void attemptUntilStopped() {
        try {
            while (!stop.given()) {
                attempt();
            }
        } catch (StopSignal.Stopped e) {
            LOG.debug("source '{}': stopped at step {}", config.id(), progress.step());
        }
    }

    /**
     * A bootstrap may have been confirmed when there was no stream to settle it, or in the moment of the end: its marker
     * would have the next start begin with a bootstrap again.
     */
    private void settleAtLast() {
        if (!slotSetup.canSettle()) {
            return;
        }
        try (PostgresConnection connection = connections.openOrdinary()) {
            ordinaryConnection = connection;
            slots.whenFree(OWN_SESSIONS_END, () -> {
                slots.reserve(connection); // who works with the slot now may owe somebody a bootstrap too
                slotSetup.settle(connection);
                return connection;
            });
        } catch (PostgresClientException | ProtocolException | SlotHeldException e) {
            LOG.warn(
                    "source '{}': a bootstrap beside slot {} was confirmed, but the mark of it could not be taken away; a"
                            + " start that wants a bootstrap makes the slot again: {}",
                    config.id(),
                    slots.name(),
                    e.getMessage());
        } finally {
            ordinaryConnection = null;
        }
    }

    private void finish(ComponentStatus end, @Nullable SourceException cause) {
        spool.close();
        if (cause != null) {
            meter.failed(cause);
            LOG.error("source '{}' stops: {}", config.id(), cause.getMessage());
        }
        status.end(end, cause, () -> subscriptions.endAll(cause));
    }

    /** One session; a failure that may pass is waited out. */
    private void attempt() {
        try {
            session();
        } catch (StopSignal.Stopped e) {
            throw e;
        } catch (PostgresClientException e) {
            stop.throwIfGiven(); // stopping closes connections
            if (format.binary() && isWithoutSendFunction(e)) {
                goOnInText(refusedToSend(e));
            } else {
                retryOrThrow(advice.explain(e, progress.step()));
            }
        } catch (ProtocolException e) {
            throw advice.explain(e, progress.step());
        } catch (BinaryFormatException e) {
            stop.throwIfGiven();
            goOnInText(e);
        } catch (SourceException e) {
            stop.throwIfGiven();
            retryOrThrow(e);
        }
    }

    /** A type without one, in a table that is left out, or within another type. */
    static boolean isWithoutSendFunction(PostgresClientException e) {
        return e instanceof ServerErrorException error && error.sqlState().equals(UNDEFINED_FUNCTION);
    }

    static BinaryFormatException refusedToSend(PostgresClientException e) {
        return new BinaryFormatException("the server refused to send a value: " + e.getMessage(), e);
    }

    private void goOnInText(BinaryFormatException why) {
        format.giveUp(why);
        String message = "goes on in text format: " + why.getMessage();
        LOG.info("source '{}': {}", config.id(), message);
        status.progress(ComponentStatus.STARTING, message, null);
    }

    private void retryOrThrow(SourceException failure) {
        boolean startsOver = failure instanceof PositionUnavailableException lost && startsOver(lost);
        if (!failure.retryable() && !startsOver) {
            throw failure;
        }
        if (failure instanceof HostUnsuitableException) {
            connections.passOver();
        }
        connections.leave();
        meter.attemptFailed(failure);
        Duration wait = backoff.failed();
        String message = startsOver
                ? "starts over with a new slot and a bootstrap in " + wait.toMillis() + " ms: " + failure.problem()
                : "attempt " + backoff.attempt() + " failed, next try in " + wait.toMillis() + " ms: "
                        + failure.getMessage();
        LOG.warn("source '{}': {}", config.id(), message);
        status.progress(ComponentStatus.STARTING, message, failure);
        subscriptions.delayBootstrap(message);
        stop.pause(wait);
    }

    /** Whether those who began with a bootstrap are given another, from a new slot; then they wait for it already. */
    private boolean startsOver(PositionUnavailableException lost) {
        if (config.onPositionLost() != OnPositionLost.BOOTSTRAP
                || !lost.slotLost()
                || !subscriptions.beganWithBootstrap()) {
            return false;
        }
        startsOver = subscriptions.bootstrapConfirmed() ? 1 : startsOver + 1;
        if (startsOver > MOST_STARTS_OVER) {
            throw new PositionUnavailableException(
                    "the source started over " + MOST_STARTS_OVER
                            + " times, and lost its slot each time before a bootstrap was confirmed: "
                            + lost.problem(),
                    lost.remedy().orElse(null),
                    lost);
        }
        lateBootstraps.interrupt(); // nobody is given two bootstraps at once
        subscriptions.resumptions().startOver(lost);
        slotSetup.startOver(lost);
        return true;
    }

    private void session() {
        progress.step(Step.CONNECT);
        try (PostgresConnection ordinary = stop.whileConnecting(connections::choose)) {
            ordinaryConnection = ordinary;
            stop.during(() -> prepare(ordinary), ordinary::abort);
            stream(ordinary);
            slots.release(ordinary);
        } finally {
            ordinaryConnection = null;
        }
    }

    /** Everything that comes before the stream. */
    private List<CatalogTable> prepare(PostgresConnection ordinary) {
        progress.step(Step.PUBLICATION);
        publication.keep(ordinary);
        progress.step(Step.CHECK);
        List<CatalogTable> tables = checks.check(ordinary);
        know(tables);
        published = PublishedTables.of(ordinary, config.publicationName());
        format.choose(ordinary);
        subscriptions.saver().ifPresent(PositionSaver::retry);
        guard.prepare();
        progress.step(Step.CHECK);
        slotSetup.prepare(ordinary, tables);
        return tables;
    }

    private void stream(PostgresConnection ordinary) {
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            replicationConnection = replication;
            Duration interval = stop.during(() -> starter.statusInterval(replication), replication::abort);
            progress.step(Step.START_STREAM);
            stop.during(() -> guard.requireSame(replication), replication::abort);
            stop.during(() -> keepUp(replication), replication::abort);
            StartedStream stream = stop.during(
                    () -> starter.startShared(replication, slots.name(), progress.told(), format.binary()),
                    replication::abort);
            progress.step(Step.STREAM);
            shapes.beginStream();
            TransactionAssembler assembler = new TransactionAssembler(
                    mapper,
                    shapes,
                    new Catalog(ordinary::query, ordinary.serverVersionNumber()),
                    spool,
                    config.maxTransactionMemory());
            Lsn start = progress.told()
                    .max(slots.state(ordinary)
                            .flatMap(SlotState::confirmedFlush)
                            .orElse(Lsn.INVALID));
            StreamReader current = new StreamReader(
                    stream,
                    assembler,
                    subscriptions,
                    advice,
                    interval,
                    start,
                    connections::serverShutsDown,
                    thread.getName() + "-feedback");
            LOG.info("source '{}': streaming from slot {} at {}", config.id(), slots.name(), start);
            oweBegun(ordinary);
            if (guard.onStandby()) {
                current.lookAfter();
            }
            stop.during(() -> read(current, ordinary), () -> stopStreaming(current));
        } finally {
            replicationConnection = null;
        }
    }

    private Lsn keepUp(ReplicationConnection replication) {
        slotSetup.keepUp(replication);
        return progress.told();
    }

    /** Reads until there is something else to do; returns what the server was told last. */
    private Lsn read(StreamReader current, PostgresConnection ordinary) {
        reader = current;
        subscriptions.beginStream();
        long begun = System.nanoTime();
        Lsn from = current.reached();
        SlotWatch watch = watch();
        slotWatch = watch;
        try {
            status.progress(ComponentStatus.RUNNING, null, null);
            watch.start();
            current.run(() -> goOn(ordinary));
        } finally {
            watch.close();
            slotWatch = null;
            if (current.reached().isAfter(from) || System.nanoTime() - begun > LASTING_STREAM.toNanos()) {
                backoff.succeeded();
            }
            progress.streamed(current.reached(), current.told());
            reader = null;
        }
        return progress.told();
    }

    private SlotWatch watch() {
        return new SlotWatch(
                config, selected, connections.sameServer(), slots, status, published, meter::slotRead, () -> {
                    publicationChanged = true;
                    attention();
                });
    }

    private void stopStreaming(StreamReader current) {
        subscriptions.endEach();
        current.attention();
    }

    private boolean goOn(PostgresConnection ordinary) {
        subscriptions.saver().ifPresent(PositionSaver::throwIfFailed);
        spool.throwIfFailed();
        if (publicationChanged) {
            publicationChanged = false;
            know(checks.check(ordinary)); // as at a start: a table that is named has to be there
        }
        slotSetup.settle(ordinary);
        lateBootstraps.throwIfFailed();
        if (lateBootstraps.endanger()) {
            giveUpLateBootstraps(ordinary);
        }
        if (subscriptions.wantBootstrap() && !stop.given()) {
            beginLateBootstraps(ordinary);
        }
        guard.look(ordinary);
        return !stop.given() && !subscriptions.paused() && !slotSetup.owesFailover();
    }

    private void giveUpLateBootstraps(PostgresConnection ordinary) {
        try {
            slotSetup.giveUp(ordinary);
        } catch (ServerErrorException e) {
            LOG.error(
                    "source '{}': the server is about to give up slot {} since a bootstrap takes too long, and the mark"
                            + " can't be made without which the bootstrap can't be given up instead: {}",
                    config.id(),
                    slots.name(),
                    advice.explain(e, Step.CREATE_SLOT).getMessage());
            return;
        }
        lateBootstraps.giveUp();
    }

    /** That the mark can't be made is no reason not to stream: it is for the case that the process dies soon. */
    private void oweBegun(PostgresConnection ordinary) {
        if (!slotSetup.lacksMarker()) {
            return;
        }
        try {
            slotSetup.owe(ordinary);
        } catch (ServerErrorException e) {
            LOG.warn(
                    "source '{}': this server has no mark of a bootstrap that is not confirmed, and none can be made; if the"
                            + " process ends before it is confirmed, that query has to subscribe with a bootstrap: {}",
                    config.id(),
                    advice.explain(e, Step.CREATE_SLOT).getMessage());
        }
    }

    private void beginLateBootstraps(PostgresConnection ordinary) {
        try {
            slotSetup.owe(ordinary);
        } catch (ServerErrorException e) {
            SourceException cause = advice.explain(e, Step.CREATE_SLOT);
            if (cause.retryable()) {
                throw e;
            }
            lateBootstraps.refuse(cause);
            return;
        }
        lateBootstraps.begin();
    }
}
