// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.source.postgres.schema.CatalogTable;

/**
 * The rows of a table, or those that lie in a range of its pages.
 *
 * @param firstPage of the range, from 0 on
 * @param endPage the page after the last; {@link #OPEN}: the range has no end
 */
record TablePart(CatalogTable table, long firstPage, long endPage) {
    static final long OPEN = -1;

    static TablePart whole(CatalogTable table) {
        return new TablePart(table, 0, OPEN);
    }

    boolean isWhole() {
        return firstPage == 0 && endPage == OPEN;
    }
}
