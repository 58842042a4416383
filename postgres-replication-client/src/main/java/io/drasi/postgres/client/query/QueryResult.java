// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

import io.drasi.postgres.protocol.backend.ServerMessage;
import java.util.List;

/**
 * What a query yielded; for a text of several statements, what the last one did.
 *
 * @param columnNames empty if the statement returns no rows
 * @param commandTag for example {@code SELECT 5}; empty for an empty query
 * @param notices warnings and information sent meanwhile, for all statements
 */
public record QueryResult(List<String> columnNames, List<Row> rows, String commandTag, List<ServerMessage> notices) {
    public QueryResult {
        columnNames = List.copyOf(columnNames);
        rows = List.copyOf(rows);
        notices = List.copyOf(notices);
    }

    /**
     * The one row.
     *
     * @throws IllegalStateException if there are none or several
     */
    public Row single() {
        if (rows.size() != 1) {
            throw new IllegalStateException("expected one row, got " + rows.size() + " of columns " + columnNames);
        }
        return rows.get(0);
    }
}
