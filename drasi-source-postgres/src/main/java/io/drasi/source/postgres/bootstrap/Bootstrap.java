// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.change.RowPlace;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogColumn;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.RowKey;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.server.ServerChecks;
import io.drasi.source.postgres.subscription.BootstrapReceivers;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the current rows to all subscriptions that wait for them: opens the exported snapshot, and reads the tables as they
 * are there, several at a time and large ones in parts. One for each thread that bootstraps.
 */
public final class Bootstrap {
    private static final Logger LOG = LoggerFactory.getLogger(Bootstrap.class);
    private static final RowPlace NO_PLACE = new RowPlace.InSnapshot("", "");

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final ServerChecks checks;
    private final ChangeMapper mapper;
    private final DatabaseTypes types;
    private final FormatChoice format;
    private final Supplier<PostgresConnection> opener;
    private volatile @Nullable SnapshotReaders readers;

    /** Ends a COPY whose rows nobody waits for any more. */
    private static final class Abandoned extends RuntimeException {
        private static final long serialVersionUID = 1;

        Abandoned() {
            super("nobody waits for the bootstrap any more", null, false, false);
        }
    }

    /** @param opener opens one more connection to read with; an interrupt ends that */
    public Bootstrap(
            PostgresSourceConfig config,
            SelectedTables selected,
            ServerChecks checks,
            ChangeMapper mapper,
            DatabaseTypes types,
            FormatChoice format,
            Supplier<PostgresConnection> opener) {
        this.format = format;
        this.opener = opener;
        this.config = config;
        this.types = types;
        this.selected = selected;
        this.checks = checks;
        this.mapper = mapper;
    }

    /**
     * Opens the snapshot on a connection that has no transaction open. The connection that exported it stays until all is
     * read, as others open it too.
     *
     * @return the tables as the snapshot has them, locked against being rewritten, dropped and renamed until the end
     * @throws io.drasi.source.postgres.error.TableChangedException if one was rewritten or renamed since the snapshot
     */
    public List<CatalogTable> open(PostgresConnection connection, Snapshot snapshot) {
        enter(connection, snapshot);
        List<CatalogTable> tables = checks.check(connection);
        checks.requireReadable(connection, tables);
        new TableLocks(tables).take(connection);
        types.learn(new Catalog(connection::query, connection.serverVersionNumber())
                .types(tables.stream()
                        .flatMap(table -> table.columns().stream())
                        .map(CatalogColumn::typeOid)
                        .toList()));
        return tables;
    }

    /**
     * Reads the tables and ends the transaction that {@link #open} began.
     *
     * @param slotLsn the server keeps its log from here on until the bootstrap is confirmed
     * @param besideStream whether those who wait for it have to catch up with the stream afterwards
     * @return those who have been given it; some or all of them may have gone, and if all have, the connection is closed
     */
    public BootstrapReceivers read(
            PostgresConnection connection,
            Snapshot snapshot,
            List<CatalogTable> tables,
            Subscriptions subscriptions,
            Lsn slotLsn,
            boolean besideStream) {
        Position position = Position.before(snapshot.consistentPoint().value());
        List<String> labels = tables.stream().map(table -> table.name().label()).toList();
        BootstrapReceivers receivers = subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(position, snapshot.takenAt(), labels), slotLsn, besideStream);
        LOG.info("source '{}': bootstrap of {} tables begins at {}", config.id(), tables.size(), position);
        List<CatalogTable> wanted = tables.stream()
                .filter(table -> receivers.take(table.name().label()))
                .toList();
        Map<Long, TableRead> reads = new HashMap<>();
        TableParts cut = TableParts.of(connection, wanted, config.bootstrapParallelism());
        for (CatalogTable table : wanted) {
            TableShape shape = TableShape.of(table, selected.key(table.name()), types);
            format.require(shape, new Catalog(connection::query, connection.serverVersionNumber()));
            int count = (int) cut.parts().stream()
                    .filter(part -> part.table().equals(table))
                    .count();
            TableProgress progress = new TableProgress(
                    config.id(), shape.label(), RowEstimate.of(connection, table), receivers, System::nanoTime);
            reads.put(table.oid(), new TableRead(shape, count, snapshot.takenAt(), receivers, progress));
        }
        SnapshotReaders reading = new SnapshotReaders(
                cut.parts(),
                () -> openSnapshot(snapshot),
                (part, reader) ->
                        Objects.requireNonNull(reads.get(part.table().oid())).read(part, reader));
        readers = reading;
        try {
            reading.run(connection, cut.connections());
        } catch (Abandoned e) {
            LOG.info("source '{}': {}", config.id(), e.getMessage());
            return receivers;
        } finally {
            readers = null;
        }
        long rows = reads.values().stream().mapToLong(TableRead::rows).sum();
        connection.query("COMMIT");
        receivers.complete(position);
        LOG.info("source '{}': bootstrap is complete, {} rows", config.id(), rows);
        return receivers;
    }

    /** Ends the reading on all connections but the caller's of {@link #read}. For any thread. */
    public void abort() {
        SnapshotReaders current = readers;
        if (current != null) {
            current.abort();
        }
    }

    private static void enter(PostgresConnection connection, Snapshot snapshot) {
        connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        connection.query("SET TRANSACTION SNAPSHOT " + Sql.literal(snapshot.name()));
    }

    private PostgresConnection openSnapshot(Snapshot snapshot) {
        PostgresConnection connection = opener.get();
        try {
            enter(connection, snapshot);
            return connection;
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** The reading of one table, maybe of several parts at a time. */
    private final class TableRead {
        private final TableShape shape;
        private final boolean withPlace;
        private final long effectiveFrom;
        private final BootstrapReceivers receivers;
        private final TableProgress progress;
        private final AtomicInteger partsLeft;

        TableRead(TableShape shape, int parts, Instant takenAt, BootstrapReceivers receivers, TableProgress progress) {
            this.shape = shape;
            this.withPlace = shape.key() instanceof RowKey.Place;
            this.effectiveFrom = TimeUnit.SECONDS.toNanos(takenAt.getEpochSecond()) + takenAt.getNano();
            this.receivers = receivers;
            this.progress = progress;
            this.partsLeft = new AtomicInteger(parts);
        }

        long rows() {
            return progress.rows();
        }

        void read(TablePart part, PostgresConnection connection) {
            progress.begin();
            CopyRows copied = copied();
            Batch batch = new Batch(this);
            connection.copyOut(
                    TableSelect.copy(part, withPlace, format.binary()),
                    message -> copied.read(message).ifPresent(batch::add));
            copied.end();
            batch.deliver();
            if (partsLeft.decrementAndGet() == 0) {
                progress.done();
            }
        }

        private CopyRows copied() {
            int columns = shape.columns().size();
            return format.binary()
                    ? new CopyBinaryRows(
                            columns,
                            withPlace ? CopyBinaryRows.place() : List.of(),
                            new BinaryTypes(types),
                            shape.label())
                    : new CopyTextRows(columns, withPlace ? 2 : 0, shape.label());
        }
    }

    /** The rows of a part that are delivered together. One thread. */
    private final class Batch {
        private final TableRead table;
        private List<SourceChange.Insert> rows = new ArrayList<>();

        Batch(TableRead table) {
            this.table = table;
        }

        void add(CopyRows.Row row) {
            RowPlace place = table.withPlace
                    ? new RowPlace.InSnapshot(
                            row.leading().get(0), row.leading().get(1))
                    : NO_PLACE;
            rows.add(mapper.insert(table.shape, row.tuple(), table.effectiveFrom, place));
            if (rows.size() == config.bootstrapBatchSize()) {
                deliver();
            }
        }

        void deliver() {
            if (table.receivers.gone()) {
                throw new Abandoned();
            }
            if (!rows.isEmpty()) {
                table.receivers.put(new SourceEvent.BootstrapBatch(table.shape.label(), rows));
                table.progress.add(rows.size());
                rows = new ArrayList<>();
            }
        }
    }
}
