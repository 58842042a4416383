// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.replication.CreatedSlot;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.client.replication.SystemIdentification;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.bootstrap.Bootstrap;
import io.drasi.source.postgres.bootstrap.Snapshot;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.server.SlotState;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.stream.StreamReader;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration ORDERLY_STOP = Duration.ofSeconds(8);

    private final PostgresSourceConfig config;
    private final Subscriptions subscriptions;
    private final SourceStatus status;
    private final StopSignal stop = new StopSignal();
    private final Connections connections;
    private final Advice advice;
    private final Slots slots;
    private final ServerChecks checks;
    private final Bootstrap bootstrap;
    private final ChangeMapper mapper;
    private final TableShapes shapes;
    private final Backoff backoff = new Backoff();
    private final Thread thread;

    private volatile @Nullable StreamReader reader;
    private volatile @Nullable PostgresConnection ordinaryConnection;
    private volatile @Nullable ReplicationConnection replicationConnection;
    private volatile boolean markerExists;
    private volatile Lsn reached = Lsn.INVALID;
    private volatile Lsn told = Lsn.INVALID;
    private String systemId = "";
    private Step step = Step.CONNECT;

    SourceRun(PostgresSourceConfig config, SelectedTables selected, Subscriptions subscriptions, SourceStatus status) {
        this.config = config;
        this.subscriptions = subscriptions;
        this.status = status;
        this.connections = new Connections(config);
        this.advice = new Advice(config);
        this.slots = new Slots(config, advice);
        this.checks = new ServerChecks(config, selected, advice);
        this.mapper = new ChangeMapper(config.id());
        this.shapes = new TableShapes(selected);
        this.bootstrap = new Bootstrap(config, selected, checks, mapper);
        this.thread = new Thread(this, "drasi-" + config.id());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /**
     * Stops in order and waits for that, unless it is the run's own thread that stops it, in a listener. What has not ended
     * in order after a while is cut off.
     */
    void stop() {
        stop.give();
        boolean interrupted = false;
        long cutOff = System.nanoTime() + ORDERLY_STOP.toNanos();
        while (thread.isAlive() && thread != Thread.currentThread()) {
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

    boolean alive() {
        return thread.isAlive();
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
        }
    }

    private void know(List<CatalogTable> tables) {
        subscriptions.know(tables.stream().map(table -> table.name().label()).collect(Collectors.toSet()));
    }

    /** A subscription was opened or closed. */
    void subscriptionsChanged() {
        stop.news();
        StreamReader current = reader;
        if (current != null) {
            current.attention();
        }
    }

    /** A subscription has confirmed something. */
    void confirmed() {
        StreamReader current = reader;
        if (current != null) {
            current.confirmed();
            if (markerExists) {
                current.attention();
            }
        }
    }

    Lsn reached() {
        StreamReader current = reader;
        return current == null ? reached : current.reached();
    }

    Lsn told() {
        StreamReader current = reader;
        return current == null ? told : current.told();
    }

    @Override
    public void run() {
        try {
            while (!stop.given()) {
                attempt();
            }
            finish(ComponentStatus.STOPPED, null);
        } catch (StopSignal.Stopped e) {
            finish(ComponentStatus.STOPPED, null);
        } catch (SourceException e) {
            finish(ComponentStatus.ERROR, e);
        } catch (RuntimeException | Error e) {
            // Not foreseen: whoever listens must learn of it, and the thread's own handler too.
            finish(ComponentStatus.ERROR, new DecodingException("source '" + config.id() + "' failed: " + e, null, e));
            throw e;
        }
    }

    private void finish(ComponentStatus end, @Nullable SourceException cause) {
        if (cause != null) {
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
            retryOrThrow(advice.explain(e, step));
        } catch (ProtocolException e) {
            throw advice.explain(e, step);
        } catch (SourceException e) {
            stop.throwIfGiven();
            retryOrThrow(e);
        }
    }

    private void retryOrThrow(SourceException failure) {
        if (!failure.retryable()) {
            throw failure;
        }
        Duration wait = backoff.failed();
        String message = "attempt " + backoff.attempt() + " failed, next try in " + wait.toMillis() + " ms: "
                + failure.getMessage();
        LOG.warn("source '{}': {}", config.id(), message);
        status.progress(ComponentStatus.STARTING, message, failure);
        stop.pause(wait);
    }

    private void session() {
        step = Step.CONNECT;
        try (PostgresConnection ordinary = stop.whileConnecting(connections::openOrdinary)) {
            ordinaryConnection = ordinary;
            stop.during(() -> prepare(ordinary), ordinary::abort);
            stream(ordinary);
        } finally {
            ordinaryConnection = null;
        }
    }

    /** Everything that comes before the stream. */
    private List<CatalogTable> prepare(PostgresConnection ordinary) {
        step = Step.CHECK;
        List<CatalogTable> tables = checks.check(ordinary);
        know(tables);
        slots.reserve(ordinary);
        slots.state(ordinary).ifPresent(slots::requireUsable);
        awaitSubscription();
        prepareSlot(ordinary, tables);
        return tables;
    }

    private void awaitSubscription() {
        if (subscriptions.isEmpty()) {
            status.progress(ComponentStatus.RUNNING, "waits for a subscription", null);
        }
        while (subscriptions.isEmpty()) {
            stop.awaitNews();
        }
    }

    /** Makes sure that there is a slot to stream from, and gives a bootstrap to those who wait for one. */
    private void prepareSlot(PostgresConnection ordinary, List<CatalogTable> tables) {
        markerExists = slots.markerExists(ordinary);
        Optional<SlotState> state = slots.state(ordinary);
        state.ifPresent(slots::requireUsable);
        if (state.isPresent() && markerExists && subscriptions.allWantBootstrap()) {
            LOG.warn(
                    "source '{}': the last bootstrap of slot {} did not end; it begins again with a new slot",
                    config.id(),
                    slots.name());
            slots.drop(ordinary);
            state = Optional.empty();
        }
        if (state.isEmpty()) {
            requireNothingLost();
            told = Lsn.INVALID;
            reached = Lsn.INVALID;
            if (subscriptions.wantBootstrap()) {
                checks.requireReadable(ordinary, tables);
            }
            createSlot(ordinary);
            return;
        }
        Lsn slotLsn = told.max(state.get().confirmedFlush().orElse(Lsn.INVALID));
        subscriptions.holdAt(slotLsn);
        if (subscriptions.wantBootstrap()) {
            bootstrapBesideTheSlot(ordinary, tables, slotLsn);
        }
    }

    /** If it fails for good, those who wait for it learn of it, and the others go on. */
    private void bootstrapBesideTheSlot(PostgresConnection ordinary, List<CatalogTable> tables, Lsn slotLsn) {
        try {
            checks.requireReadable(ordinary, tables);
            bootstrap(ordinary, temporarySlotName(), SlotOptions.forThisConnection(), slotLsn);
        } catch (PostgresClientException | SourceException e) {
            SourceException failure =
                    e instanceof PostgresClientException client ? advice.explain(client, step) : (SourceException) e;
            if (stop.given() || failure.retryable() || subscriptions.allWantBootstrap()) {
                throw e;
            }
            LOG.error("source '{}': a bootstrap failed: {}", config.id(), failure.getMessage());
            subscriptions.endWaiting(failure);
        }
    }

    /** Without a slot there is nothing to go on from, for those who don't begin with a bootstrap. */
    private void requireNothingLost() {
        while (subscriptions.resume()) {
            subscriptions.endResuming(new PositionUnavailableException(
                    "replication slot \"" + slots.name()
                            + "\" does not exist, so the changes after the position to resume from are lost",
                    "Subscribe with a bootstrap.",
                    null));
            awaitSubscription();
        }
        if (told.isValid() && !subscriptions.allWantBootstrap()) {
            throw new PositionUnavailableException(
                    "replication slot \"" + slots.name()
                            + "\" was dropped while the source was using it: changes since " + told + " are lost",
                    "Start again with a bootstrap.",
                    null);
        }
    }

    /** Makes the permanent slot. If that or the bootstrap fails for good, no slot is left to hold the server's log. */
    private void createSlot(PostgresConnection ordinary) {
        boolean withBootstrap = subscriptions.wantBootstrap();
        if (withBootstrap && !markerExists) {
            step = Step.CREATE_SLOT;
            slots.createMarker(ordinary);
            markerExists = true;
        }
        try {
            if (withBootstrap) {
                shapes.expect(bootstrap(ordinary, slots.name(), SlotOptions.permanent(), Lsn.INVALID));
            } else {
                step = Step.CONNECT_REPLICATION;
                try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
                    stop.during(
                            () -> createSlot(ordinary, replication, slots.name(), SlotOptions.permanent(), false),
                            () -> cancel(replication));
                }
            }
        } catch (SourceException | PostgresClientException | ProtocolException e) {
            dropUnfinished(ordinary, e);
            throw e;
        }
    }

    private void dropUnfinished(PostgresConnection ordinary, RuntimeException failure) {
        boolean retryable = failure instanceof SourceException source
                ? source.retryable()
                : failure instanceof PostgresClientException client && client.retryable();
        if (retryable || !markerExists) {
            return; // the next attempt finds the marker
        }
        try {
            slots.drop(ordinary);
            slots.dropMarker(ordinary);
            markerExists = false;
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
        step = Step.CONNECT_REPLICATION;
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
        step = Step.CREATE_SLOT;
        Instant before = Instant.parse(ordinary.query("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                        + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
                .single()
                .required(0));
        LOG.info(
                "source '{}': creating slot {}; this waits until transactions that write now have ended",
                config.id(),
                name);
        CreatedSlot created = replication.createLogicalSlot(
                name, options.withSnapshot(export ? SlotOptions.Snapshot.EXPORT : SlotOptions.Snapshot.NOTHING));
        LOG.info("source '{}': slot {} begins at {}", config.id(), name, created.consistentPoint());
        if (name.equals(slots.name())) {
            subscriptions.slotStartsAt(created.consistentPoint());
        }
        return new Snapshot(created.snapshotName().orElse(""), created.consistentPoint(), before);
    }

    /** Called while the connection that exported the snapshot is open, and keeps it so until the rows are read. */
    private List<CatalogTable> readSnapshot(Snapshot snapshot, Lsn slotLsn) {
        step = Step.SNAPSHOT;
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

    private void stream(PostgresConnection ordinary) {
        step = Step.CONNECT_REPLICATION;
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            replicationConnection = replication;
            Duration interval = stop.during(() -> statusInterval(replication), replication::abort);
            step = Step.START_STREAM;
            stop.during(() -> requireSameServer(replication.identifySystem()), replication::abort);
            ReplicationStream stream = stop.during(
                    () -> replication.startReplication(slots.name(), told, pluginOptions()), replication::abort);
            step = Step.STREAM;
            TransactionAssembler assembler = new TransactionAssembler(
                    mapper, shapes, new Catalog(ordinary::query, ordinary.serverVersionNumber()));
            Lsn start = told.max(
                    slots.state(ordinary).flatMap(SlotState::confirmedFlush).orElse(Lsn.INVALID));
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
            stop.during(() -> read(current, ordinary), () -> stopStreaming(current));
        } finally {
            replicationConnection = null;
        }
    }

    /**
     * Positions mean something only in the log that they come from. Returns the server's own.
     *
     * @throws PositionUnavailableException if this is another server than before, or its log is shorter
     */
    private Lsn requireSameServer(SystemIdentification server) {
        if (!systemId.isEmpty() && !systemId.equals(server.systemId())) {
            throw new PositionUnavailableException(
                    "the server at " + config.host() + ":" + config.port()
                            + " is another one than before: its system identifier is " + server.systemId() + ", not "
                            + systemId,
                    "Check the address, or start again with a bootstrap.",
                    null);
        }
        if (server.xlogPos().isBefore(reached)) {
            throw new PositionUnavailableException(
                    "the server's log ends at " + server.xlogPos() + ", but it was read up to " + reached
                            + " before: it was restored, or is a standby that had not received everything",
                    "Start again with a bootstrap.",
                    null);
        }
        systemId = server.systemId();
        return server.xlogPos();
    }

    /** Reads until there is something else to do; returns what the server was told last. */
    private Lsn read(StreamReader current, PostgresConnection ordinary) {
        reader = current;
        subscriptions.beginStream();
        try {
            backoff.succeeded();
            status.progress(ComponentStatus.RUNNING, null, null);
            current.run(() -> goOn(ordinary));
        } finally {
            reached = current.reached();
            told = current.told();
            reader = null;
        }
        return told;
    }

    private void stopStreaming(StreamReader current) {
        subscriptions.endEach();
        current.attention();
    }

    private boolean goOn(PostgresConnection ordinary) {
        if (markerExists && !subscriptions.isEmpty() && !subscriptions.bootstrapOpen()) {
            slots.dropMarker(ordinary);
            markerExists = false;
        }
        return !stop.given() && !subscriptions.paused() && !subscriptions.wantBootstrap();
    }

    /** A third of the server's patience at most, so that one lost update does no harm. */
    private Duration statusInterval(ReplicationConnection replication) {
        long patienceMillis = replication
                .query("SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'")
                .single()
                .requiredLong(0);
        Duration third = Duration.ofMillis(Math.max(patienceMillis / 3, 10));
        return patienceMillis > 0 && third.compareTo(config.statusInterval()) < 0 ? third : config.statusInterval();
    }

    private Map<String, String> pluginOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", "1");
        options.put("publication_names", Sql.identifier(config.publicationName()));
        return options;
    }
}
