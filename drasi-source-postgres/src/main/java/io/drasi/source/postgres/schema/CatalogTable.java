// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import java.util.List;
import java.util.Optional;

/**
 * A published table as the catalog has it.
 *
 * @param partitioned whether it is the root of partitions that are published under its name
 * @param columns those that are published, in the table's order
 * @param rowFilter the publication's WHERE for this table, as SQL
 * @param rowSecurity whether row-level security applies to our role here, so that it would not see all rows
 */
public record CatalogTable(
        long oid,
        TableName name,
        boolean partitioned,
        ReplicaIdentity identity,
        List<CatalogColumn> columns,
        CatalogKeys keys,
        Optional<String> rowFilter,
        boolean rowSecurity) {
    public CatalogTable {
        columns = List.copyOf(columns);
    }

    public List<String> columnNames() {
        return columns.stream().map(CatalogColumn::name).toList();
    }

    /** Whether the server sends the old value of {@code column} when it deletes a row. */
    public boolean inIdentity(String column) {
        return keys.told(column)
                && switch (identity) {
                    case FULL -> true;
                    case DEFAULT ->
                        keys.primaryKeyIdentifies() && keys.primaryKey().contains(column);
                    case INDEX -> keys.identityIndex().contains(column);
                    case NOTHING -> false;
                };
    }

    /** Whether the server accepts updates and deletes while the publication publishes them. */
    public boolean hasIdentity() {
        return switch (identity) {
            case FULL -> true;
            case DEFAULT -> keys.primaryKeyIdentifies() && !keys.primaryKey().isEmpty();
            case INDEX -> !keys.identityIndex().isEmpty();
            case NOTHING -> false;
        };
    }
}
