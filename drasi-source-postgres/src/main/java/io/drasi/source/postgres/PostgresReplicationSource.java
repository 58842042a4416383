// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.model.DispatchMode;
import io.drasi.model.PositionStore;
import io.drasi.model.Source;
import io.drasi.model.StatusChange;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.config.Streaming;
import io.drasi.source.postgres.config.TableKeyConfig;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.source.postgres.health.SourceMetrics;
import io.drasi.source.postgres.health.SpoolMetrics;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.OwnPublication;
import io.drasi.source.postgres.server.OwnSessions;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.subscription.PositionSaver;
import io.drasi.source.postgres.subscription.QueueLimits;
import io.drasi.source.postgres.subscription.Subscriptions;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A source that streams the committed row changes of a PostgreSQL database.
 *
 * <pre>{@code
 * var source = PostgresReplicationSource.builder("shop")
 *         .withHost("db.example.com").withDatabase("shop").withUser("drasi").withPassword(secret)
 *         .withTables("users", "orders")
 *         .build();
 * try (source; var changes = source.subscribe(SubscriptionSettings.forQuery("open-orders").withBootstrap())) {
 *     source.start();
 *     for (SourceEvent event : changes) {
 *         if (event instanceof SourceEvent.BootstrapBatch batch) {
 *             batch.rows().forEach(view::apply);
 *         } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
 *             changes.confirm(completed.position());
 *         } else if (event instanceof SourceEvent.Transaction transaction) {
 *             transaction.changes().forEach(view::apply);
 *             changes.confirm(transaction.position());
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>All methods may be called by any thread. A source has one thread that works, and while it streams one that sends status
 * updates; both are daemons.
 */
public final class PostgresReplicationSource implements Source {
    private static final String TYPE_NAME = "postgres";
    private static final String SERVER_POSITION =
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END";

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final SourceStatus status;
    private final SourceMeter meter;
    private final Subscriptions subscriptions;
    private final OwnSessions sessions = new OwnSessions();
    // Both are changed with this locked.
    private volatile boolean closed;
    private volatile @Nullable SourceRun run;

    /**
     * @throws IllegalArgumentException if a table's name can't be read
     */
    public PostgresReplicationSource(PostgresSourceConfig config) {
        this(config, Optional.empty());
    }

    /**
     * @param positions keeps the positions of this source's queries, see {@link Builder#withPositionStore}
     * @throws IllegalArgumentException if a table's name can't be read
     */
    public PostgresReplicationSource(PostgresSourceConfig config, PositionStore positions) {
        this(config, Optional.of(positions));
    }

    private PostgresReplicationSource(PostgresSourceConfig config, Optional<PositionStore> positions) {
        this.config = config;
        this.selected = SelectedTables.of(config);
        this.status = new SourceStatus(config.id());
        this.meter = new SourceMeter(config.clock());
        this.subscriptions = new Subscriptions(
                config.id(),
                new QueueLimits(
                        config.dispatchMode(), config.dispatchBufferCapacity(), config.maxTransactionMemory()),
                config.onPositionLost() == OnPositionLost.BOOTSTRAP,
                this::subscriptionsChanged,
                this::confirmed,
                positions.map(store -> new PositionSaver(config.id(), store)),
                meter);
    }

    public static Builder builder(String id) {
        return new Builder(PostgresSourceConfig.builder(id));
    }

    @Override
    public String id() {
        return config.id();
    }

    @Override
    public String typeName() {
        return TYPE_NAME;
    }

    @Override
    public Map<String, Object> properties() {
        return config.toMap();
    }

    public PostgresSourceConfig config() {
        return config;
    }

    @Override
    public boolean autoStart() {
        return config.autoStart();
    }

    @Override
    public void start() {
        SourceRun next;
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("source '" + id() + "' is closed");
            }
            next = new SourceRun(config, selected, subscriptions, status, sessions, meter);
            // What listeners hear is said without the lock: they may call the source.
            if (!status.begin()) {
                return;
            }
            subscriptions.begin();
            meter.begin();
            run = next;
        }
        status.announce();
        next.start();
    }

    @Override
    public void stop() {
        SourceRun current = run;
        if (current == null || current.over()) {
            subscriptions.endAll(null);
            return;
        }
        status.stopping();
        current.stop();
    }

    @Override
    public StatusChange status() {
        return status.current();
    }

    @Override
    public Runnable addStatusListener(Consumer<StatusChange> listener) {
        return status.listen(listener);
    }

    /**
     * {@inheritDoc} A label that was not known when the source connected is looked up on the server at once.
     *
     * @throws io.drasi.model.PositionStoreException if the position store can't be read
     */
    @Override
    public Subscription subscribe(SubscriptionSettings settings) {
        if (settings.prepared() && !config.twoPhase()) {
            throw new IllegalArgumentException("subscription '" + settings.queryId()
                    + "' wants to be told of prepared transactions, but option two_phase of source '" + config.id()
                    + "' is off, so the server says nothing of them: set two_phase = true");
        }
        SourceRun current = run;
        if (current != null && !closed && !subscriptions.knows(settings)) {
            current.refreshLabels();
        }
        return subscriptions.open(settings);
    }

    /**
     * Everything that committed before this LSN has been put into the subscriptions' queues, or was confirmed before the
     * source started. {@link Lsn#INVALID} before the stream began, and while a subscription waits for its bootstrap or for the
     * stream to begin again.
     */
    public Lsn handedOverLsn() {
        SourceRun current = run;
        if (current == null) {
            return Lsn.INVALID;
        }
        Lsn handedOver = subscriptions.handedOver(current.reached());
        return handedOver.min(current.reached()); // in the meantime another stream may have begun, at an earlier place
    }

    /** What the server was last told is confirmed. {@link Lsn#INVALID} before the stream began. */
    public Lsn confirmedLsn() {
        SourceRun current = run;
        return current == null ? Lsn.INVALID : current.told();
    }

    /**
     * What the server said of the replication slot last. It is asked every {@code status_interval} while the source streams;
     * empty before the first time.
     */
    public Optional<SlotReading> slotReading() {
        return meter.slot();
    }

    /** What the source has done and how it is. Cheap: the server is not asked, and nobody waits. */
    public SourceMetrics metrics() {
        SourceRun current = run;
        Lsn received = current == null ? Lsn.INVALID : current.reached();
        Spool.Usage spooled = current == null ? Spool.Usage.NONE : current.spooled();
        return new SourceMetrics(
                status.current().status(),
                received,
                confirmedLsn(),
                meter.slot(),
                meter.lag(received),
                meter.lastCommitTime(),
                meter.transactions(),
                new SpoolMetrics(meter.spooledTransactions(), spooled.files(), spooled.bytes()),
                meter.failedAttempts(),
                meter.bootstraps(),
                meter.tables(),
                subscriptions.metrics(),
                meter.lastFailure());
    }

    /**
     * Has {@code listener} run when {@link #metrics} tells of a table or a subscription more than before, or of a subscription
     * less; by the thread that has to do with it, which must not wait long.
     *
     * @return ends that; may be run more than once
     */
    public Runnable addMetricsListener(Runnable listener) {
        return meter.listen(listener);
    }

    /**
     * Asks the server, on a connection of its own, whether there is a replication slot that one can go on from without a
     * bootstrap. One beside which a bootstrap did not end is none: rows are owed to somebody. Nor is one that was invalidated.
     *
     * @throws io.drasi.source.postgres.error.SourceException if the server can't be asked
     */
    public boolean slotExists() {
        Slots slots = new Slots(config, new Advice(config), sessions);
        return ask(connection ->
                slots.state(connection).filter(state -> state.lost().isEmpty()).isPresent()
                        && slots.markers(connection).isEmpty());
    }

    /**
     * Asks the server, on a connection of its own, up to where its log is on disk, or on a standby replayed: all that has
     * committed lies before, but for the last moments of sessions with {@code synchronous_commit = off}, whose commits reach
     * the disk up to three times {@code wal_writer_delay} later. The position up to which the log is written is not told: on a
     * server at rest the part of it that is not yet on disk, and so not sent, may be left like that for long.
     *
     * @throws io.drasi.source.postgres.error.SourceException if the server can't be asked
     */
    public Lsn serverLsn() {
        return ask(connection ->
                Lsn.parse(connection.query(SERVER_POSITION).single().required(0)));
    }

    /**
     * Drops what the source has on the server, on a connection of its own: the replication slot, the markers beside it, and
     * the publication if this source made it. Whoever subscribes later has to begin with a bootstrap.
     *
     * @return what there was of it
     * @throws IllegalStateException if the source runs
     * @throws io.drasi.source.postgres.error.SlotHeldException if another process has the slot
     * @throws io.drasi.source.postgres.error.SetupException if the slot is of another kind or database, or the publication
     *     can't be dropped
     * @throws io.drasi.source.postgres.error.SourceException if the server can't be asked
     */
    public Deprovisioned deprovision() {
        SourceRun current = run;
        if (current != null && !current.over()) {
            ComponentStatus now = status.current().status();
            if (now != ComponentStatus.STOPPED && now != ComponentStatus.ERROR) {
                throw new IllegalStateException("source '" + id() + "' runs; stop it first");
            }
            current.stop(); // but for its last moments it has ended
        }
        Advice advice = new Advice(config);
        Deprovisioning deprovisioning = new Deprovisioning(
                new Slots(config, advice, sessions, SlotHeld.FAIL), new OwnPublication(config, selected, advice));
        return ask(deprovisioning::run, Step.DROP_SLOT);
    }

    /** Of several hosts it is the one that the source reads from, if it does. */
    private <T> T ask(Function<PostgresConnection, T> question) {
        return ask(question, Step.CONNECT);
    }

    private <T> T ask(Function<PostgresConnection, T> question, Step step) {
        Advice advice = new Advice(config);
        SourceRun current = run;
        Connections connections =
                current == null || current.over() ? new Connections(config, sessions) : current.sameServer();
        try (PostgresConnection connection = connections.openOrdinary()) {
            return question.apply(connection);
        } catch (PostgresClientException e) {
            throw advice.explain(e, step);
        } catch (ProtocolException e) {
            throw advice.explain(e, step);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        subscriptions.closeForGood();
        stop();
    }

    @Override
    public String toString() {
        return "PostgresReplicationSource" + config.toMap();
    }

    private void subscriptionsChanged() {
        SourceRun current = run;
        if (current != null) {
            current.subscriptionsChanged();
        }
    }

    private void confirmed() {
        SourceRun current = run;
        if (current != null) {
            current.confirmed();
        }
    }

    /** Collects options, see {@link PostgresSourceConfig} for what they mean; {@link #build} has them checked. */
    public static final class Builder {
        private final PostgresSourceConfig.Builder config;
        private Optional<PositionStore> positions = Optional.empty();

        private Builder(PostgresSourceConfig.Builder config) {
            this.config = config;
        }

        public Builder withHost(String value) {
            config.withHost(value);
            return this;
        }

        public Builder withPort(int value) {
            config.withPort(value);
            return this;
        }

        /** One port for all hosts, or one for each with commas between. */
        public Builder withPort(String value) {
            config.withPort(value);
            return this;
        }

        public Builder withTargetSessionAttributes(TargetSessionAttributes value) {
            config.withTargetSessionAttributes(value);
            return this;
        }

        public Builder withDatabase(String value) {
            config.withDatabase(value);
            return this;
        }

        public Builder withUser(String value) {
            config.withUser(value);
            return this;
        }

        public Builder withPassword(String value) {
            config.withPassword(value);
            return this;
        }

        public Builder withPasswordSupplier(PasswordSupplier value) {
            config.withPasswordSupplier(value);
            return this;
        }

        public Builder withClock(InstantSource value) {
            config.withClock(value);
            return this;
        }

        public Builder withTables(String... value) {
            config.withTables(value);
            return this;
        }

        public Builder withTables(List<String> value) {
            config.withTables(value);
            return this;
        }

        public Builder withSlotName(String value) {
            config.withSlotName(value);
            return this;
        }

        public Builder withFailoverSlot(boolean value) {
            config.withFailoverSlot(value);
            return this;
        }

        public Builder withPublicationName(String value) {
            config.withPublicationName(value);
            return this;
        }

        public Builder withSlotHeld(SlotHeld value) {
            config.withSlotHeld(value);
            return this;
        }

        public Builder withOnPositionLost(OnPositionLost value) {
            config.withOnPositionLost(value);
            return this;
        }

        public Builder withRetentionWarning(long bytes) {
            config.withRetentionWarning(bytes);
            return this;
        }

        public Builder withCreatePublication(boolean value) {
            config.withCreatePublication(value);
            return this;
        }

        public Builder withSslMode(SslMode value) {
            config.withSslMode(value);
            return this;
        }

        public Builder withSslRootCert(Path value) {
            config.withSslRootCert(value);
            return this;
        }

        public Builder withSslCert(Path value) {
            config.withSslCert(value);
            return this;
        }

        public Builder withSslKey(Path value) {
            config.withSslKey(value);
            return this;
        }

        public Builder addTableKey(TableKeyConfig value) {
            config.addTableKey(value);
            return this;
        }

        public Builder withDispatchMode(DispatchMode value) {
            config.withDispatchMode(value);
            return this;
        }

        public Builder withDispatchBufferCapacity(int value) {
            config.withDispatchBufferCapacity(value);
            return this;
        }

        public Builder withMaxTransactionMemory(long bytes) {
            config.withMaxTransactionMemory(bytes);
            return this;
        }

        public Builder withTempDir(Path value) {
            config.withTempDir(value);
            return this;
        }

        public Builder withStreaming(Streaming value) {
            config.withStreaming(value);
            return this;
        }

        public Builder withTwoPhase(boolean value) {
            config.withTwoPhase(value);
            return this;
        }

        public Builder withAutoStart(boolean value) {
            config.withAutoStart(value);
            return this;
        }

        public Builder withBootstrapBatchSize(int value) {
            config.withBootstrapBatchSize(value);
            return this;
        }

        public Builder withBootstrapParallelism(int value) {
            config.withBootstrapParallelism(value);
            return this;
        }

        public Builder withConnectTimeout(Duration value) {
            config.withConnectTimeout(value);
            return this;
        }

        public Builder withPeerTimeout(Duration value) {
            config.withPeerTimeout(value);
            return this;
        }

        public Builder withStatusInterval(Duration value) {
            config.withStatusInterval(value);
            return this;
        }

        public Builder withInvalidText(InvalidText value) {
            config.withInvalidText(value);
            return this;
        }

        public Builder withRowFormat(RowFormat value) {
            config.withRowFormat(value);
            return this;
        }

        public Builder withAllowCleartextPassword(boolean value) {
            config.withAllowCleartextPassword(value);
            return this;
        }

        public Builder addTableKey(String table, String... columns) {
            return addTableKey(new TableKeyConfig(table, List.of(columns)));
        }

        /**
         * Keeps the positions of the source's queries, so that a program that ended, however, goes on where it was.
         *
         * <p>A query that has a position there goes on from it; one that has none begins as its settings say. A bootstrap
         * counts once its end was confirmed; one that was not confirmed is made again. If the subscriber gives a position of
         * its own, that one counts.
         *
         * <p>{@link Subscription#confirm} does not wait for the store. What was confirmed is saved soon after, together with
         * what others confirm meanwhile, and only then is the server told. So after the death of the process delivery goes on
         * at or before what was confirmed last, never after it: what was confirmed in the last tenth of a second or so comes
         * again. Closing a subscription, and stopping the source, save what was confirmed before. While it can't be saved, the
         * source says so in its status, tries again, and the server keeps its log.
         *
         * <p>A position is refused, with a {@link io.drasi.source.postgres.error.PositionUnavailableException}, if it is one
         * of another server or slot, or if the slot stands beyond it.
         *
         * @param value for this source alone; to be closed after it, by who opened it
         */
        public Builder withPositionStore(PositionStore value) {
            positions = Optional.of(value);
            return this;
        }

        /**
         * @throws IllegalArgumentException that names the option, its bound and the value
         */
        public PostgresReplicationSource build() {
            return new PostgresReplicationSource(config.build(), positions);
        }
    }
}
