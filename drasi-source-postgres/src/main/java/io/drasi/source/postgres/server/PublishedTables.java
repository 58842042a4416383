// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.schema.TableName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The names of what a publication publishes at a moment.
 *
 * @param exists whether there is the publication
 * @param tables by name, whether somebody has named the table, and not just all tables or those of its schema
 */
public record PublishedTables(boolean exists, Map<TableName, Boolean> tables) {
    public PublishedTables {
        tables = Map.copyOf(tables);
    }

    public static PublishedTables of(PostgresConnection connection, String publication) {
        Map<TableName, Boolean> tables = new HashMap<>();
        boolean exists = false;
        for (Row row : connection
                .query("SELECT t.schemaname, t.tablename, r.oid IS NOT NULL FROM pg_publication p"
                        + " LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname"
                        + " LEFT JOIN pg_namespace n ON n.nspname = t.schemaname"
                        + " LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename"
                        + " LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid"
                        + " WHERE p.pubname = " + Sql.literal(publication))
                .rows()) {
            exists = true;
            if (!row.isNull(0)) {
                tables.put(new TableName(row.required(0), row.required(1)), row.requiredBoolean(2));
            }
        }
        return new PublishedTables(exists, tables);
    }

    /** Those that {@code other} does not have. */
    public Set<TableName> without(PublishedTables other) {
        Set<TableName> names = new LinkedHashSet<>(tables.keySet());
        names.removeAll(other.tables.keySet());
        return names;
    }

    /** Which of these tables there still are. */
    public static Set<TableName> existing(PostgresConnection connection, Set<TableName> names) {
        Set<TableName> existing = new HashSet<>();
        if (names.isEmpty()) {
            return existing;
        }
        String pairs = names.stream()
                .map(name -> "(" + Sql.literal(name.schema()) + ", " + Sql.literal(name.name()) + ")")
                .collect(Collectors.joining(", "));
        connection
                .query("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE (n.nspname::text, c.relname::text) IN (" + pairs + ")")
                .rows()
                .forEach(row -> existing.add(new TableName(row.required(0), row.required(1))));
        return existing;
    }
}
