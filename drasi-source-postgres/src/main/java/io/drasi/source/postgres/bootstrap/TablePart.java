// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.source.postgres.schema.CatalogTable;

/**
 * The rows of a table or of one of its partitions, or those that lie in a range of its pages.
 *
 * @param from what to read, as SQL names it behind FROM
 * @param firstPage of the range, from 0 on
 * @param endPage the page after the last; {@link #OPEN}: the range has no end
 */
record TablePart(CatalogTable table, String from, long firstPage, long endPage) {
    static final long OPEN = -1;

    static TablePart whole(CatalogTable table) {
        return whole(table, TableSelect.from(table));
    }

    static TablePart whole(CatalogTable table, String from) {
        return new TablePart(table, from, 0, OPEN);
    }
}
