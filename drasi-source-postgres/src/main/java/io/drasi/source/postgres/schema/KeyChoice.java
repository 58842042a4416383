// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.source.postgres.error.SetupException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses what a table's element ids are made of: the configured key, else the primary key, else the columns of the
 * replica identity, else the whole row where the server sends old rows whole, else the row's place.
 *
 * <p>A detected key must be known when a row is deleted, that is, lie within the replica identity; otherwise the next
 * choice is taken.
 */
final class KeyChoice {
    private KeyChoice() {}

    /**
     * @param columns the names of the published columns
     * @param identityColumns those of them whose old values the server sends; with FULL all
     * @throws SetupException if a configured column does not exist
     */
    static RowKey choose(
            TableName table,
            List<String> columns,
            ReplicaIdentity identity,
            List<String> identityColumns,
            CatalogKeys keys,
            List<String> configured) {
        if (!configured.isEmpty()) {
            return configured(table, columns, configured);
        }
        List<String> primaryKey = primaryKey(identity, identityColumns, keys);
        if (!primaryKey.isEmpty() && columns.containsAll(primaryKey)) {
            return columns(columns, primaryKey);
        }
        if (identity == ReplicaIdentity.FULL) {
            return new RowKey.Content();
        }
        if (!identityColumns.isEmpty()) {
            return columns(columns, inOrder(identityColumns, keys.identityIndex()));
        }
        return new RowKey.Place();
    }

    /**
     * The primary key's columns in index order, if they are known on delete. With REPLICA IDENTITY DEFAULT the server's
     * relation message itself tells the primary key at that place in the log, though not its order: it wins over a
     * catalog that is already further. Where nothing is sent of old rows, as with a DEFERRABLE primary key, the server
     * refuses updates and deletes, and any key will do.
     */
    private static List<String> primaryKey(ReplicaIdentity identity, List<String> identityColumns, CatalogKeys keys) {
        return switch (identity) {
            case DEFAULT -> identityColumns.isEmpty() ? keys.primaryKey() : inOrder(identityColumns, keys.primaryKey());
            case INDEX -> identityColumns.containsAll(keys.primaryKey()) ? keys.primaryKey() : List.of();
            case FULL, NOTHING -> keys.primaryKey();
        };
    }

    /** {@code columns} in the order of {@code index} if that has just the same columns. */
    private static List<String> inOrder(List<String> columns, List<String> index) {
        return new HashSet<>(columns).equals(new HashSet<>(index)) ? index : columns;
    }

    private static RowKey configured(TableName table, List<String> columns, List<String> configured) {
        Set<String> known = Set.copyOf(columns);
        for (String column : configured) {
            if (!known.contains(column)) {
                throw new SetupException(
                        "table_keys: table " + table.label() + " has no published column '" + column + "'",
                        "Its published columns are: " + String.join(", ", columns) + ".",
                        null);
            }
        }
        return columns(columns, configured);
    }

    private static RowKey columns(List<String> columns, List<String> key) {
        List<Integer> indexes = new ArrayList<>();
        for (String column : key) {
            indexes.add(columns.indexOf(column));
        }
        return new RowKey.Columns(indexes);
    }
}
