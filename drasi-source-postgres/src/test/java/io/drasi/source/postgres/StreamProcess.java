// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.TableKeyConfig;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.stream.StartedStream;
import io.drasi.source.postgres.stream.StreamReader;
import io.drasi.source.postgres.stream.StreamStarter;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is left of a source's process when everything but its streams is taken away: all that outlives a stream, and the
 * calls of {@link SourceRun} around one, in its order. So sessions cost a millisecond, and need no more of a server than the
 * stream.
 */
final class StreamProcess {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final PostgresSourceConfig CONFIG = PostgresSourceConfig.builder("fake")
            .withDatabase("fake")
            .withUser("drasi")
            .withTables("users", "orders", "sales.items")
            .withTableKeys(List.of(new TableKeyConfig("sales.items", List.of(FakeTable.KEY_COLUMN))))
            .build();

    private final DatabaseTypes types = new DatabaseTypes(false);
    private final TableShapes shapes =
            new TableShapes(SelectedTables.of(CONFIG), types, new FormatChoice(CONFIG, types));
    private final Advice advice = new Advice(CONFIG);
    private final RunProgress progress = new RunProgress();
    private final Subscriptions subscriptions;
    private final Spool spool = new Spool(CONFIG.id(), CONFIG.tempDir(), cause -> {});
    private final long maxTransactionMemory;
    private volatile @Nullable StreamReader reader;
    private volatile boolean stopping;

    /** @param maxTransactionMemory bytes of memory that a transaction may take, about */
    StreamProcess(int capacity, long maxTransactionMemory) {
        this.maxTransactionMemory = maxTransactionMemory;
        this.subscriptions =
                new Subscriptions("fake", DispatchMode.CHANNEL, capacity, this::subscriptionsChanged, this::confirmed);
        subscriptions.begin();
    }

    Subscriptions subscriptions() {
        return subscriptions;
    }

    /** Whether it was {@linkplain #stop stopped}. */
    boolean stopping() {
        return stopping;
    }

    private void subscriptionsChanged() {
        StreamReader current = reader;
        if (current != null) {
            current.attention();
            current.confirmed();
        }
    }

    private void confirmed() {
        StreamReader current = reader;
        if (current != null) {
            current.confirmed();
        }
    }

    /**
     * Streams until the stream ends.
     *
     * @param slotLsn what the server knows to be confirmed
     * @param logEnd where the server's log ends
     * @return why it broke; empty if this side ended it
     */
    Optional<SourceException> stream(String host, int port, Lsn slotLsn, Lsn logEnd) {
        Lsn start = progress.told().max(slotLsn);
        subscriptions.holdAt(start);
        try (ReplicationConnection connection = ReplicationConnection.open(ConnectionSettings.builder()
                .host(host)
                .port(port)
                .user("drasi")
                .sslMode(SslMode.DISABLE)
                .peerTimeout(LONG)
                .build())) {
            subscriptions.resumptions().logEndsAt(logEnd);
            StartedStream stream = new StreamStarter(CONFIG).start(connection, "slot", progress.told(), false);
            shapes.beginStream();
            read(new StreamReader(
                    stream,
                    new TransactionAssembler(
                            new ChangeMapper(CONFIG.id()), shapes, new Catalog(StreamProcess::emptyCatalog, 180_000),
                            spool,
                            maxTransactionMemory),
                    subscriptions,
                    advice,
                    LONG,
                    start,
                    () -> false,
                    "fake feedback"));
            return Optional.empty();
        } catch (PostgresClientException e) {
            return Optional.of(advice.explain(e, Step.STREAM));
        } catch (ProtocolException e) {
            return Optional.of(advice.explain(e, Step.STREAM));
        } catch (SourceException e) {
            return Optional.of(e);
        }
    }

    private static QueryResult emptyCatalog(String sql) {
        return new QueryResult(List.of(), List.of(), "SELECT 0", List.of());
    }

    private void read(StreamReader current) {
        reader = current;
        subscriptions.beginStream();
        try {
            current.run(() -> !stopping && !subscriptions.paused());
        } finally {
            progress.streamed(current.reached(), current.told());
            reader = null;
        }
    }

    /** Ends the stream in order, soon. */
    void stop() {
        stopping = true;
        subscriptions.endEach();
        StreamReader current = reader;
        if (current != null) {
            current.attention();
        }
    }

    /** The end of the process: of its own accord, or for a failure. */
    void end(@Nullable SourceException failure) {
        spool.close();
        subscriptions.endAll(failure);
    }
}
