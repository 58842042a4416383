// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import java.util.List;

/**
 * A publication and its tables.
 *
 * @param changesRows whether updates or deletes are published, so that old rows must be known by a replica identity
 * @param tables in the order of their names
 */
public record Publication(String name, boolean changesRows, List<CatalogTable> tables) {
    public Publication {
        tables = List.copyOf(tables);
    }
}
