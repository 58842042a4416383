// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.schema.TableName;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds out what our role may not read of the tables of a bootstrap, before one is begun. */
final class ReadRights {
    private final String role;
    private final List<CatalogTable> tables;
    private final Set<String> closedSchemas = new TreeSet<>();
    private final Map<Long, Set<String>> closedColumns = new HashMap<>();

    ReadRights(String role, List<CatalogTable> tables) {
        this.role = role;
        this.tables = tables;
    }

    /**
     * @throws SetupException with the GRANTs that are missing
     */
    void require(PostgresConnection connection) {
        if (!tables.isEmpty()) {
            ask(connection);
        }
        Set<TableName> unreadable = new HashSet<>();
        Set<TableName> inClosedSchema = new HashSet<>();
        for (CatalogTable table : tables) {
            Set<String> closed = closedColumns.getOrDefault(table.oid(), Set.of());
            if (table.columnNames().stream().anyMatch(closed::contains)) {
                unreadable.add(table.name());
            }
            if (closedSchemas.contains(table.name().schema())) {
                inClosedSchema.add(table.name());
            }
        }
        if (!unreadable.isEmpty() || !inClosedSchema.isEmpty()) {
            throw failure(unreadable, inClosedSchema);
        }
    }

    private void ask(PostgresConnection connection) {
        String oids = tables.stream().map(table -> Long.toString(table.oid())).collect(Collectors.joining(","));
        String sql = "SELECT c.oid, n.nspname, has_schema_privilege(n.oid, 'USAGE'), a.attname"
                + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                + " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                + " AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')"
                + " WHERE c.oid IN (" + oids + ")";
        for (Row row : connection.query(sql).rows()) {
            if (!row.requiredBoolean(2)) {
                closedSchemas.add(row.required(1));
            }
            row.text(3)
                    .ifPresent(column -> closedColumns
                            .computeIfAbsent(Long.valueOf(row.required(0)), oid -> new HashSet<>())
                            .add(column));
        }
    }

    private SetupException failure(Set<TableName> unreadable, Set<TableName> inClosedSchema) {
        Set<TableName> all = new HashSet<>(unreadable);
        all.addAll(inClosedSchema);
        StringBuilder remedy = new StringBuilder();
        if (!inClosedSchema.isEmpty()) {
            String schemas = closedSchemas.stream().map(Sql::identifier).collect(Collectors.joining(", "));
            remedy.append("GRANT USAGE ON SCHEMA ").append(schemas).append(to());
        }
        if (!unreadable.isEmpty()) {
            remedy.append(remedy.isEmpty() ? "" : " ")
                    .append("GRANT SELECT ON ")
                    .append(unreadable.stream().map(TableName::sql).sorted().collect(Collectors.joining(", ")))
                    .append(to());
        }
        return new SetupException(
                "role " + role + " may not read " + (all.size() == 1 ? "table " : "the tables ") + labels(all)
                        + " (permission denied, error 42501)",
                remedy.toString(),
                null);
    }

    private String to() {
        return " TO " + Sql.identifier(role) + ";";
    }

    private static String labels(Collection<TableName> tables) {
        return tables.stream().map(TableName::label).sorted().collect(Collectors.joining(", "));
    }
}
