// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.ServerException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.Publication;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publication that the source makes if it is told to, and from then on keeps to the tables of the configuration. A
 * comment on it tells whose it is; one that somebody else made is never touched.
 */
public final class OwnPublication {
    private static final Logger LOG = LoggerFactory.getLogger(OwnPublication.class);
    private static final int FIRST_WITH_PARTITION_ROOTS = 130_000;
    private static final String DUPLICATE_OBJECT = "42710";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String READ_ONLY = "25006";

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Advice advice;
    private final String name;
    private final String comment;

    /**
     * @param forAllTables whether it has every table, also those to come
     * @param ours whether this source made it
     */
    private record Existing(boolean forAllTables, boolean ours) {}

    public OwnPublication(PostgresSourceConfig config, SelectedTables selected, Advice advice) {
        this.config = config;
        this.selected = selected;
        this.advice = advice;
        this.name = config.publicationName();
        this.comment = "made by drasi-source-postgres for replication slot " + config.slotName();
    }

    /**
     * Creates the publication if there is none, or has the one that this source made publish what the configuration names.
     * Nothing, unless {@code create_publication} is set.
     *
     * @throws SourceException if that is not possible; it says what to run
     */
    public void keep(PostgresConnection connection) {
        if (!config.createPublication()) {
            return;
        }
        Optional<Existing> existing = existing(connection);
        if (existing.isEmpty()) {
            create(connection);
        } else if (existing.get().ours() && !existing.get().forAllTables()) {
            alter(connection);
        }
    }

    /**
     * Drops the publication if this source made it.
     *
     * @return whether it did
     */
    public boolean drop(PostgresConnection connection) {
        if (!existing(connection).map(Existing::ours).orElse(false)) {
            return false;
        }
        run(connection, List.of("DROP PUBLICATION " + Sql.identifier(name)), Set.of());
        return true;
    }

    private Optional<Existing> existing(PostgresConnection connection) {
        return connection
                .query("SELECT puballtables, coalesce(obj_description(oid, 'pg_publication'), '') = "
                        + Sql.literal(comment) + " FROM pg_publication WHERE pubname = " + Sql.literal(name))
                .rows()
                .stream()
                .findFirst()
                .map(row -> new Existing(row.requiredBoolean(0), row.requiredBoolean(1)));
    }

    private void create(PostgresConnection connection) {
        Set<TableName> tables = selected.named();
        new MissingTables(connection, new Publication(name, true, List.of())).requirePublishable("tables", tables);
        // A partitioned table is one table to those who read it, whatever its partitions are today.
        String options = connection.serverVersionNumber() >= FIRST_WITH_PARTITION_ROOTS
                ? " WITH (publish_via_partition_root = true)"
                : "";
        run(
                connection,
                List.of(
                        "CREATE PUBLICATION " + Sql.identifier(name)
                                + (tables.isEmpty() ? " FOR ALL TABLES" : " FOR TABLE " + sql(tables)) + options,
                        "COMMENT ON PUBLICATION " + Sql.identifier(name) + " IS " + Sql.literal(comment)),
                tables);
    }

    private void alter(PostgresConnection connection) {
        Set<TableName> wanted = selected.named();
        Set<TableName> members = members(connection);
        if (wanted.isEmpty()) {
            LOG.warn(
                    "source '{}': publication {} was made for some tables, and publishes no more than those: {}. To have it"
                            + " made for all tables: DROP PUBLICATION {}; but then a new slot and a bootstrap are needed",
                    config.id(),
                    name,
                    labels(members),
                    Sql.identifier(name));
            return;
        }
        Set<TableName> lacking = new LinkedHashSet<>(wanted);
        lacking.removeAll(members);
        Set<TableName> left = new LinkedHashSet<>(members);
        left.removeAll(wanted);
        List<String> statements = new ArrayList<>();
        String alter = "ALTER PUBLICATION " + Sql.identifier(name);
        if (!lacking.isEmpty()) {
            new MissingTables(connection, new Publication(name, true, List.of())).requirePublishable("tables", wanted);
            statements.add(alter + " ADD TABLE " + sql(lacking));
        }
        if (!left.isEmpty()) {
            statements.add(alter + " DROP TABLE " + sql(left));
        }
        if (!statements.isEmpty()) {
            run(connection, statements, lacking);
        }
        if (!lacking.isEmpty()) {
            LOG.warn(
                    "source '{}': rows that {} has already come only to those who subscribe with a bootstrap",
                    config.id(),
                    labels(lacking));
        }
    }

    private Set<TableName> members(PostgresConnection connection) {
        Set<TableName> members = new LinkedHashSet<>();
        for (Row row : connection
                .query(
                        "SELECT n.nspname, c.relname FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid"
                                + " JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                                + " WHERE p.pubname = " + Sql.literal(name))
                .rows()) {
            members.add(new TableName(row.required(0), row.required(1)));
        }
        return members;
    }

    /** All of them or none, so that no publication stays behind that nobody knows to be ours. */
    private void run(PostgresConnection connection, List<String> statements, Set<TableName> tables) {
        statements.forEach(statement -> LOG.info("source '{}': {};", config.id(), statement));
        try {
            connection.query("BEGIN");
            statements.forEach(connection::query);
            connection.query("COMMIT");
        } catch (ServerErrorException e) {
            rollBack(connection, e);
            throw explain(connection, e, String.join("; ", statements) + ";", tables);
        }
    }

    private static void rollBack(PostgresConnection connection, ServerErrorException cause) {
        try {
            connection.query("ROLLBACK");
        } catch (PostgresClientException e) {
            cause.addSuppressed(e);
        }
    }

    /** Of several hosts another may be the primary. */
    private SourceException readOnly(
            PostgresConnection connection, String message, String statements, ServerErrorException error) {
        String remedy = "A standby can't be written to. On the primary run: " + statements;
        return config.servers().size() > 1 && Standbys.isStandby(connection)
                ? new HostUnsuitableException(message, remedy, error)
                : new SetupException(message, remedy, error);
    }

    private SourceException explain(
            PostgresConnection connection, ServerErrorException error, String statements, Set<TableName> tables) {
        String message = "source '" + config.id() + "', " + Step.PUBLICATION + ": " + error.getMessage();
        String byHand = " Or have somebody who may run: " + statements;
        return switch (error.sqlState()) {
            case DUPLICATE_OBJECT ->
                new ServerException(DUPLICATE_OBJECT, true, message + ". Somebody else was faster", null, error);
            case INSUFFICIENT_PRIVILEGE -> new SetupException(message, rights(connection, tables) + byHand, error);
            case READ_ONLY -> readOnly(connection, message, statements, error);
            // Not a table that can be published, and the like: the server says why.
            case "22023", "42809", "0A000" -> new SetupException(message, "Leave it out of tables." + byHand, error);
            default -> advice.explain(error, Step.PUBLICATION);
        };
    }

    /** What the role lacks, as the server sees it. */
    private String rights(PostgresConnection connection, Set<TableName> tables) {
        String role = Sql.identifier(config.user());
        List<String> lacking = new ArrayList<>();
        if (connection
                .query("SELECT NOT has_database_privilege(current_database(), 'CREATE')")
                .single()
                .requiredBoolean(0)) {
            lacking.add("GRANT CREATE ON DATABASE " + Sql.identifier(config.database()) + " TO " + role + ";");
        }
        if (tables.isEmpty()) {
            lacking.add("For all tables the role must be a superuser; name the tables with the option tables instead.");
        } else {
            lacking.addAll(owners(connection, tables, role));
        }
        return String.join(" ", lacking);
    }

    /** A publication takes a table only from its owner, or from a member of the role that owns it. */
    private static Set<String> owners(PostgresConnection connection, Set<TableName> tables, String role) {
        Set<String> grants = new TreeSet<>();
        for (TableName table : tables) {
            connection
                    .query(
                            "SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                                    + " WHERE n.nspname = " + Sql.literal(table.schema()) + " AND c.relname = "
                                    + Sql.literal(table.name()) + " AND NOT pg_has_role(c.relowner, 'USAGE')")
                    .rows()
                    .forEach(row -> grants.add("GRANT " + Sql.identifier(row.required(0)) + " TO " + role + ";"));
        }
        return grants;
    }

    private static String sql(Set<TableName> tables) {
        return tables.stream().map(TableName::sql).sorted().collect(Collectors.joining(", "));
    }

    private static String labels(Set<TableName> tables) {
        return tables.stream().map(TableName::label).sorted().collect(Collectors.joining(", "));
    }
}
