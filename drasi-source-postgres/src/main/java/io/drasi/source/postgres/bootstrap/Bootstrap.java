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
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the current rows to all subscriptions that wait for them: opens the exported snapshot, and reads table after
 * table as it is there.
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

    /** Ends a COPY whose rows nobody waits for any more. */
    private static final class Abandoned extends RuntimeException {
        private static final long serialVersionUID = 1;

        Abandoned() {
            super("nobody waits for the bootstrap any more", null, false, false);
        }
    }

    public Bootstrap(
            PostgresSourceConfig config,
            SelectedTables selected,
            ServerChecks checks,
            ChangeMapper mapper,
            DatabaseTypes types,
            FormatChoice format) {
        this.format = format;
        this.config = config;
        this.types = types;
        this.selected = selected;
        this.checks = checks;
        this.mapper = mapper;
    }

    /**
     * Opens the snapshot on a connection that has no transaction open; the connection that exported it may go then.
     *
     * @return the tables as the snapshot has them, locked against being rewritten, dropped and renamed until the end
     * @throws io.drasi.source.postgres.error.TableChangedException if one was rewritten or renamed since the snapshot
     */
    public List<CatalogTable> open(PostgresConnection connection, Snapshot snapshot) {
        connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        connection.query("SET TRANSACTION SNAPSHOT " + Sql.literal(snapshot.name()));
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
        long rows = 0;
        try {
            for (CatalogTable table : tables) {
                if (receivers.take(table.name().label())) {
                    rows += new TableRead(table, snapshot.takenAt(), receivers).run(connection);
                }
            }
        } catch (Abandoned e) {
            LOG.info("source '{}': {}", config.id(), e.getMessage());
            return receivers;
        }
        connection.query("COMMIT");
        receivers.complete(position);
        LOG.info("source '{}': bootstrap is complete, {} rows", config.id(), rows);
        return receivers;
    }

    /** The reading of one table. */
    private final class TableRead {
        private final CatalogTable table;
        private final TableShape shape;
        private final boolean withPlace;
        private final CopyRows copied;
        private final long effectiveFrom;
        private final BootstrapReceivers receivers;
        private List<SourceChange.Insert> batch = new ArrayList<>();
        private long rows;

        TableRead(CatalogTable table, Instant takenAt, BootstrapReceivers receivers) {
            this.table = table;
            this.shape = TableShape.of(table, selected.key(table.name()), types);
            this.withPlace = shape.key() instanceof RowKey.Place;
            int columns = table.columns().size();
            this.copied = format.binary()
                    ? new CopyBinaryRows(
                            columns,
                            withPlace ? CopyBinaryRows.place() : List.of(),
                            new BinaryTypes(types),
                            shape.label())
                    : new CopyTextRows(columns, withPlace ? 2 : 0, shape.label());
            this.effectiveFrom = TimeUnit.SECONDS.toNanos(takenAt.getEpochSecond()) + takenAt.getNano();
            this.receivers = receivers;
        }

        long run(PostgresConnection connection) {
            format.require(shape, new Catalog(connection::query, connection.serverVersionNumber()));
            connection.copyOut(
                    TableSelect.copy(table, withPlace, format.binary()),
                    message -> copied.read(message).ifPresent(this::row));
            copied.end();
            deliver();
            LOG.info(
                    "source '{}': read {} rows of table {}",
                    config.id(),
                    rows,
                    table.name().label());
            return rows;
        }

        private void row(CopyRows.Row row) {
            RowPlace place = withPlace
                    ? new RowPlace.InSnapshot(
                            row.leading().get(0), row.leading().get(1))
                    : NO_PLACE;
            batch.add(mapper.insert(shape, row.tuple(), effectiveFrom, place));
            rows++;
            if (batch.size() == config.bootstrapBatchSize()) {
                deliver();
            }
        }

        private void deliver() {
            if (receivers.gone()) {
                throw new Abandoned();
            }
            if (!batch.isEmpty()) {
                receivers.put(new SourceEvent.BootstrapBatch(shape.label(), batch));
                batch = new ArrayList<>();
            }
        }
    }
}
