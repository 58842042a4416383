// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The keys that the catalog knows of a table.
 *
 * @param primaryKey column names in index order; empty: there is none
 * @param identityIndex columns of the index chosen by REPLICA IDENTITY USING INDEX, in index order; empty: none is
 * @param primaryKeyIdentifies whether the server takes the primary key for REPLICA IDENTITY DEFAULT; a DEFERRABLE one it
 *     does not
 * @param toldByPartitions for the root of partitions: the only columns that the old rows of all of them tell, whatever the
 *     root's replica identity says, since a partition keeps its own; empty: there is no such limit
 */
public record CatalogKeys(
        List<String> primaryKey,
        List<String> identityIndex,
        boolean primaryKeyIdentifies,
        Optional<Set<String>> toldByPartitions) {
    public static final CatalogKeys NONE = new CatalogKeys(List.of(), List.of());

    public CatalogKeys {
        primaryKey = List.copyOf(primaryKey);
        identityIndex = List.copyOf(identityIndex);
        toldByPartitions = toldByPartitions.map(Set::copyOf);
    }

    /** Keys of a table without partitions. */
    public CatalogKeys(List<String> primaryKey, List<String> identityIndex, boolean primaryKeyIdentifies) {
        this(primaryKey, identityIndex, primaryKeyIdentifies, Optional.empty());
    }

    /** Keys of the usual kind. */
    public CatalogKeys(List<String> primaryKey, List<String> identityIndex) {
        this(primaryKey, identityIndex, true);
    }

    /** Whether old rows tell {@code column}, provided that it is part of the table's replica identity. */
    public boolean told(String column) {
        return toldByPartitions.isEmpty() || toldByPartitions.get().contains(column);
    }

    CatalogKeys limitedTo(Set<String> columns) {
        return new CatalogKeys(primaryKey, identityIndex, primaryKeyIdentifies, Optional.of(columns));
    }
}
