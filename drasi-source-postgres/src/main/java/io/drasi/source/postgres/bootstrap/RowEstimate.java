// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How many rows of a table there are to read, by the server's planner: from the statistics of the table or its partitions, what
 * they have grown since, and the publication's row filter.
 */
final class RowEstimate {
    /** The first one is that of the whole plan. */
    private static final Pattern ROWS = Pattern.compile("\"Plan Rows\": (\\d+)");

    private RowEstimate() {}

    static long of(PostgresConnection connection, CatalogTable table) {
        String plan = connection.query("EXPLAIN (FORMAT json) " + TableSelect.all(table)).rows().stream()
                .map((Row row) -> row.required(0))
                .collect(Collectors.joining("\n"));
        Matcher rows = ROWS.matcher(plan);
        if (!rows.find()) {
            throw new DecodingException(
                    "the server's plan to read table " + table.name().label() + " has no number of rows: " + plan,
                    null,
                    null);
        }
        return Long.parseLong(rows.group(1));
    }
}
