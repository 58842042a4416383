// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The queries that read just those rows and columns of a table that the stream would carry. */
final class TableSelect {
    private TableSelect() {}

    /**
     * The COPY of the rows of a part.
     *
     * @param withPlace whether the table's (partition's) OID and the row's ctid come first
     * @param binary in which format
     */
    static String copy(TablePart part, boolean withPlace, boolean binary) {
        CatalogTable table = part.table();
        String list = list(table);
        String select = withPlace ? "tableoid, ctid" + (list.isEmpty() ? "" : ", ") + list : list;
        List<String> conditions = new ArrayList<>();
        table.rowFilter().ifPresent(filter -> conditions.add("(" + filter + ")"));
        if (part.firstPage() > 0) {
            conditions.add("ctid >= '(" + part.firstPage() + ",0)'::tid");
        }
        if (part.endPage() != TablePart.OPEN) {
            conditions.add("ctid < '(" + part.endPage() + ",0)'::tid");
        }
        String where = conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
        return "COPY (SELECT " + select + " FROM " + part.from() + where + ") TO STDOUT"
                + (binary ? " (FORMAT binary)" : "");
    }

    /** The query of all rows. */
    static String all(CatalogTable table) {
        return "SELECT " + list(table) + " FROM " + from(table)
                + table.rowFilter().map(filter -> " WHERE (" + filter + ")").orElse("");
    }

    /** A query without rows, which needs the same rights. */
    static String nothing(CatalogTable table) {
        return "SELECT " + list(table) + " FROM " + from(table) + " LIMIT 0";
    }

    private static String list(CatalogTable table) {
        return table.columnNames().stream().map(Sql::identifier).collect(Collectors.joining(", "));
    }

    /** A partitioned table has no rows of its own; any other one is published without its inheritance children. */
    static String from(CatalogTable table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().sql();
    }
}
