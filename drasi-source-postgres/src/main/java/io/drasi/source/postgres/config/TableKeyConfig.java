// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

import java.util.List;
import java.util.Set;

/**
 * Says which columns make up the element ids of a table, in place of its primary key.
 *
 * @param table the table as its label is written: {@code users}, {@code public.users}, {@code sales.orders}
 * @param keyColumns column names as PostgreSQL stores them, in the order in which their values stand in the id; at least one
 */
public record TableKeyConfig(String table, List<String> keyColumns) {
    /**
     * @throws IllegalArgumentException if there is no table, no column, a blank one, or one twice
     */
    public TableKeyConfig {
        keyColumns = List.copyOf(keyColumns);
        Option.require(!table.isBlank(), "table_keys: table must not be blank");
        Option.require(!keyColumns.isEmpty(), "table_keys: '" + table + "' needs at least one key column");
        Option.require(
                keyColumns.stream().noneMatch(String::isBlank), "table_keys: '" + table + "' names a blank key column");
        Option.require(
                Set.copyOf(keyColumns).size() == keyColumns.size(),
                "table_keys: '" + table + "' names a key column twice: " + keyColumns);
    }
}
