// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.Publication;
import io.drasi.source.postgres.schema.TableName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Says why a table that the configuration names is not in the publication, and what to run. */
final class MissingTables {
    private static final int FIRST_WITH_PARTITION_ROOTS = 130_000;
    private static final String BY_PARTITIONS =
            "Before PostgreSQL 13 a partitioned table is published by its partitions: name those.";

    private final PostgresConnection connection;
    private final Publication publication;
    private final Set<TableName> published;

    /**
     * @param kind as in {@code pg_class.relkind}
     * @param member whether the publication was told to publish it
     */
    private record Relation(String kind, boolean member) {
        /** There is no relation of that name. */
        private static final Relation NONE = new Relation("", false);

        boolean partitioned() {
            return kind.equals("p");
        }

        boolean table() {
            return partitioned() || kind.equals("r");
        }
    }

    /** @param publication may not exist yet, and then has no tables */
    MissingTables(PostgresConnection connection, Publication publication) {
        this.connection = connection;
        this.publication = publication;
        this.published = publication.tables().stream().map(CatalogTable::name).collect(Collectors.toSet());
    }

    /**
     * @param option that names the tables
     * @throws SetupException if one of them is not published
     */
    void requireNone(String option, Set<TableName> wanted) {
        Set<TableName> missing = new HashSet<>(wanted);
        missing.removeAll(published);
        if (missing.isEmpty()) {
            return;
        }
        Map<TableName, Relation> found = find(missing);
        requireTables(option, missing, found);
        throw new SetupException(
                option + ": not in publication \"" + publication.name() + "\": " + labels(missing) + ". It has: "
                        + (published.isEmpty() ? "no tables" : labels(published)),
                remedy(missing, found),
                null);
    }

    /**
     * Whether or not they are published, or there is the publication yet.
     *
     * @throws SetupException if one of them is no table, or one that no publication can have
     */
    void requirePublishable(String option, Set<TableName> wanted) {
        if (wanted.isEmpty()) {
            return;
        }
        Map<TableName, Relation> found = find(wanted);
        requireTables(option, wanted, found);
        List<TableName> partitioned = wanted.stream()
                .filter(name -> relation(found, name).partitioned())
                .toList();
        if (!partitioned.isEmpty() && connection.serverVersionNumber() < FIRST_WITH_PARTITION_ROOTS) {
            throw new SetupException(
                    option + ": partitioned tables can't be published: " + labels(partitioned), BY_PARTITIONS, null);
        }
    }

    private static void requireTables(String option, Set<TableName> wanted, Map<TableName, Relation> found) {
        List<TableName> unknown =
                wanted.stream().filter(name -> !relation(found, name).table()).toList();
        if (!unknown.isEmpty()) {
            Set<TableName> similar = new HashSet<>(found.keySet());
            similar.removeIf(name -> !relation(found, name).table() || wanted.contains(name));
            throw noSuchTable(option, unknown, similar);
        }
    }

    private static Relation relation(Map<TableName, Relation> found, TableName name) {
        return found.getOrDefault(name, Relation.NONE);
    }

    /** The relations of these names, and those whose names differ only in the schema or in case. */
    private Map<TableName, Relation> find(Set<TableName> names) {
        String lowerCase = names.stream()
                .map(name -> "lower(" + Sql.literal(name.name()) + ")")
                .collect(Collectors.joining(", "));
        QueryResult result = connection.query("SELECT n.nspname, c.relname, c.relkind,"
                + " coalesce(p.puballtables, false) OR r.prrelid IS NOT NULL"
                + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                + " LEFT JOIN pg_publication p ON p.pubname = " + Sql.literal(publication.name())
                + " LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid"
                + " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog',"
                + " 'information_schema') AND lower(c.relname) IN (" + lowerCase + ")");
        Map<TableName, Relation> found = new HashMap<>();
        for (Row row : result.rows()) {
            found.put(
                    new TableName(row.required(0), row.required(1)),
                    new Relation(row.required(2), row.requiredBoolean(3)));
        }
        return found;
    }

    private static SetupException noSuchTable(String option, List<TableName> unknown, Set<TableName> similar) {
        return new SetupException(
                option + ": " + (unknown.size() == 1 ? "there is no table " : "there are no tables ") + labels(unknown)
                        + " in the database",
                (similar.isEmpty() ? "" : "There is " + labels(similar) + ". ")
                        + "Names are given as PostgreSQL stores them: in lower case unless they were quoted, and with"
                        + " the schema (sales.orders) unless it is public. A view can't be published.",
                null);
    }

    private String remedy(Set<TableName> missing, Map<TableName, Relation> found) {
        boolean roots = connection.serverVersionNumber() >= FIRST_WITH_PARTITION_ROOTS;
        boolean partitioned =
                missing.stream().anyMatch(name -> relation(found, name).partitioned());
        String alter = "ALTER PUBLICATION " + Sql.identifier(publication.name());
        String toAdd = missing.stream()
                .filter(name -> !relation(found, name).member()
                        && (roots || !relation(found, name).partitioned()))
                .map(TableName::sql)
                .sorted()
                .collect(Collectors.joining(", "));
        List<String> sentences = new ArrayList<>();
        if (!toAdd.isEmpty()) {
            sentences.add(alter + " ADD TABLE " + toAdd + ";");
        }
        // Without this the partitions are published under their own names.
        if (partitioned && roots) {
            sentences.add(alter + " SET (publish_via_partition_root = true);");
        } else if (partitioned) {
            sentences.add(BY_PARTITIONS);
        } else if (toAdd.isEmpty()) {
            sentences.add("Temporary and unlogged tables can't be published: ALTER TABLE … SET LOGGED;");
        }
        return String.join(" ", sentences);
    }

    private static String labels(Collection<TableName> tables) {
        return tables.stream().map(TableName::label).sorted().collect(Collectors.joining(", "));
    }
}
