// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.Publication;
import io.drasi.source.postgres.schema.RowKey;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks at every start that the server and the publication are as the source needs them. */
public final class ServerChecks {
    private static final Logger LOG = LoggerFactory.getLogger(ServerChecks.class);
    private static final int OLDEST_VERSION = 100_000;
    private static final int OLDEST_WITH_TWO_PHASE = 150_000;

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Advice advice;
    private final Standbys standbys;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    /** @param mayMeetAnother whether a standby that does not do may be replaced by another server, without a new start */
    public ServerChecks(
            PostgresSourceConfig config, SelectedTables selected, Advice advice, BooleanSupplier mayMeetAnother) {
        this.config = config;
        this.selected = selected;
        this.advice = advice;
        this.standbys = new Standbys(config, mayMeetAnother);
    }

    /**
     * The tables to read.
     *
     * @throws SetupException if something is missing; it says what to run
     * @throws HostUnsuitableException if it is a standby that does not do, and another server may
     */
    public List<CatalogTable> check(PostgresConnection connection) {
        int version = connection.serverVersionNumber();
        if (version < OLDEST_VERSION) {
            throw new SetupException(
                    "the server at " + advice.servers() + " is PostgreSQL "
                            + connection.parameter("server_version").orElse("?")
                            + ", but logical replication with pgoutput begins with PostgreSQL 10",
                    "Upgrade the server.",
                    null);
        }
        requireTwoPhase(connection, version);
        standbys.check(connection).ifPresent(this::warn);
        requireWalLevel(connection);
        requireReplicationRight(connection);
        Catalog catalog = new Catalog(connection::query, version);
        Publication publication = catalog.publication(config.publicationName())
                .orElseThrow(() -> new SetupException(
                        "publication \"" + config.publicationName() + "\" does not exist in database "
                                + config.database(),
                        advice.createPublication(),
                        null));
        List<CatalogTable> tables = selectedTables(publication, new MissingTables(connection, publication));
        for (CatalogTable table : tables) {
            checkKeys(table, publication);
        }
        return tables;
    }

    /** @throws SetupException if our role may not read a table, or would not see all its rows */
    public void requireReadable(PostgresConnection connection, List<CatalogTable> tables) {
        new ReadRights(config.user(), tables).require(connection);
        for (CatalogTable table : tables) {
            if (table.rowSecurity()) {
                throw new SetupException(
                        "row-level security of table " + table.name().label() + " hides rows from role " + config.user()
                                + ", so a bootstrap would be incomplete (error 42501)",
                        "ALTER ROLE " + Sql.identifier(config.user())
                                + " BYPASSRLS; (or, for the table's owner, ALTER TABLE "
                                + table.name().sql() + " NO FORCE ROW LEVEL SECURITY;)",
                        null);
            }
        }
    }

    private void requireTwoPhase(PostgresConnection connection, int version) {
        if (config.twoPhase() && version < OLDEST_WITH_TWO_PHASE) {
            throw new SetupException(
                    "two_phase is on, but the server at " + advice.servers() + " is PostgreSQL "
                            + connection.parameter("server_version").orElse("?")
                            + ", which sends a prepared transaction when it is committed and says nothing before;"
                            + " PostgreSQL 15 is the first that does",
                    "Leave two_phase off: prepared transactions are delivered when they are committed. Or upgrade the server.",
                    null);
        }
    }

    private void requireWalLevel(PostgresConnection connection) {
        String walLevel = connection.query("SHOW wal_level").single().required(0);
        if (!walLevel.equals("logical")) {
            throw standbys.unusable(
                    connection,
                    "wal_level of the server is " + walLevel + ", but logical decoding needs wal_level = logical",
                    Advice.walLevel());
        }
    }

    /** A managed server may give the right by membership in a role of its own; then only the attempt tells. */
    private void requireReplicationRight(PostgresConnection connection) {
        boolean allowed = connection
                .query("SELECT r.rolsuper OR r.rolreplication OR EXISTS (SELECT FROM pg_roles m WHERE m.rolname IN"
                        + " ('rds_replication', 'cloudsqlsuperuser', 'azure_pg_admin') AND pg_has_role(r.oid,"
                        + " m.oid, 'member')) FROM pg_roles r WHERE r.rolname = current_user")
                .single()
                .requiredBoolean(0);
        if (!allowed) {
            throw new SetupException(
                    "role " + config.user()
                            + " has no right to replicate (permission denied to create replication slot)",
                    "ALTER ROLE " + Sql.identifier(config.user()) + " WITH REPLICATION;",
                    null);
        }
    }

    private List<CatalogTable> selectedTables(Publication publication, MissingTables missing) {
        missing.requireNone("tables", selected.named());
        missing.requireNone("table_keys", selected.keyed());
        if (publication.tables().isEmpty()) {
            throw new SetupException(
                    "publication \"" + publication.name() + "\" has no tables",
                    "ALTER PUBLICATION " + Sql.identifier(publication.name()) + " ADD TABLE …;",
                    null);
        }
        return publication.tables().stream()
                .filter(table -> selected.includes(table.name()))
                .toList();
    }

    private void checkKeys(CatalogTable table, Publication publication) {
        TableShape shape = TableShape.of(table, selected.key(table.name()), new DatabaseTypes(false));
        String name = table.name().sql();
        if (publication.changesRows()) {
            List<String> unknown = selected.key(table.name()).stream()
                    .filter(column -> !table.inIdentity(column))
                    .toList();
            if (!unknown.isEmpty()) {
                throw new SetupException(
                        "table_keys: " + (unknown.size() == 1 ? "column " : "the columns ")
                                + String.join(", ", unknown) + " of table "
                                + table.name().label() + (unknown.size() == 1 ? " is" : " are")
                                + " not part of its replica identity, so a deleted row could not be identified",
                        "ALTER TABLE " + name
                                + " REPLICA IDENTITY FULL;"
                                + (table.partitioned() ? " and the same for each partition;" : "")
                                + " (or REPLICA IDENTITY USING INDEX, with a unique"
                                + " index on these columns)",
                        null);
            }
        }
        if (publication.changesRows() && !table.hasIdentity()) {
            warn("table " + table.name().label() + " has no replica identity: the server refuses to update or delete"
                    + " its rows while they are published. ALTER TABLE " + name
                    + " ADD PRIMARY KEY (…); or ALTER TABLE "
                    + name + " REPLICA IDENTITY FULL;");
        }
        if (table.partitioned()) {
            warn("table " + table.name().label() + " is published for its partitions: the server does not tell of a"
                    + " TRUNCATE of a single partition, nor of one that is attached or detached. DELETE FROM the"
                    + " partition instead, before DETACH too.");
        }
        if (table.identity() == ReplicaIdentity.FULL && shape.identity() != ReplicaIdentity.FULL) {
            warn("table " + table.name().label() + " has REPLICA IDENTITY FULL, but not all of its partitions have:"
                    + " of old rows only these columns are known: "
                    + String.join(
                            ", ",
                            table.columnNames().stream()
                                    .filter(table::inIdentity)
                                    .toList())
                    + ". Run ALTER TABLE … REPLICA IDENTITY FULL for each partition.");
        }
        if (shape.key() instanceof RowKey.Content) {
            warn("table " + table.name().label()
                    + " has no key: its element ids are made of whole rows, and equal rows share" + " one. ALTER TABLE "
                    + name + " ADD PRIMARY KEY (…);");
        } else if (shape.key() instanceof RowKey.Place) {
            warn("no primary key found for table " + table.name().label()
                    + ": its element ids are made of the rows' places." + " ALTER TABLE " + name
                    + " ADD PRIMARY KEY (…); or configure table_keys");
        }
    }

    private void warn(String text) {
        if (warned.add(text)) {
            LOG.warn("source '{}': {}", config.id(), text);
        }
    }
}
