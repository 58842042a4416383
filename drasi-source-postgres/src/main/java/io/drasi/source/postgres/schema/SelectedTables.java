// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the configuration says of tables: which ones to read, and their keys. */
public final class SelectedTables {
    private final Set<TableName> tables;
    private final Map<TableName, List<String>> keys;

    private SelectedTables(Set<TableName> tables, Map<TableName, List<String>> keys) {
        this.tables = tables;
        this.keys = keys;
    }

    /**
     * @throws IllegalArgumentException that names the option, if a table's name can't be read
     */
    public static SelectedTables of(PostgresSourceConfig config) {
        Set<TableName> tables = new LinkedHashSet<>();
        config.tables().forEach(table -> tables.add(parse("tables", table)));
        Map<TableName, List<String>> keys = new HashMap<>();
        for (TableKeyConfig key : config.tableKeys()) {
            keys.put(parse("table_keys", key.table()), key.keyColumns());
        }
        return new SelectedTables(tables, keys);
    }

    private static TableName parse(String option, String text) {
        try {
            return TableName.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    /** Whether the table's changes are wanted. */
    public boolean includes(TableName table) {
        return tables.isEmpty() || tables.contains(table);
    }

    /** The tables that were named; empty: all. */
    public Set<TableName> named() {
        return Set.copyOf(tables);
    }

    /** The tables that have a configured key. */
    public Set<TableName> keyed() {
        return keys.keySet();
    }

    /** The configured key of a table; empty: none. */
    public List<String> key(TableName table) {
        return keys.getOrDefault(table, List.of());
    }
}
