// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.List;
import java.util.stream.Collectors;

/** The COPY that reads just those rows and columns of a table that the stream would carry. */
final class TableSelect {
    private TableSelect() {}

    /** @param withPlace whether the table's (partition's) OID and the row's ctid come first */
    static String copy(CatalogTable table, boolean withPlace) {
        List<String> columns = table.columnNames();
        String list = columns.stream().map(Sql::identifier).collect(Collectors.joining(", "));
        String select = withPlace ? "tableoid, ctid" + (columns.isEmpty() ? "" : ", ") + list : list;
        // A partitioned table has no rows of its own; any other one is published without its inheritance children.
        String from = (table.partitioned() ? "" : "ONLY ") + table.name().sql();
        String where = table.rowFilter().map(filter -> " WHERE " + filter).orElse("");
        return "COPY (SELECT " + select + " FROM " + from + where + ") TO STDOUT";
    }
}
