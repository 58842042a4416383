// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.source.postgres.RandomTable.Column;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Has PostgreSQL itself compare the rows that a subscriber has with those of a table: each value is written as a literal,
 * which the server reads as the column's type and prints again.
 */
final class ServerJudge {
    private final Connection connection;

    ServerJudge(Connection connection) {
        this.connection = connection;
    }

    void assertEqual(TableMirror mirror, RandomTable table) throws SQLException {
        List<String> names = table.columns.stream().map(column -> column.name).toList();
        List<String> rows = new ArrayList<>();
        for (Map.Entry<String, Map<String, ElementValue>> row : mirror.identifiedRows(table.label())) {
            assertThat(row.getValue()).as(row.getKey()).containsOnlyKeys(names);
            rows.add(literals(table, row.getValue()));
        }
        List<String> expected = printed(table, table.sql());
        List<String> actual =
                rows.isEmpty() ? List.of() : printed(table, "(" + String.join(" UNION ALL ", rows) + ") AS rows");
        assertThat(actual).as("rows of %s", table.label()).isEqualTo(expected);
    }

    private static String literals(RandomTable table, Map<String, ElementValue> row) {
        return table.columns.stream()
                .map(column -> literal(column, row.getOrDefault(column.name, ElementValue.NULL)) + "::"
                        + column.type.sqlName() + " AS " + column.sql())
                .collect(Collectors.joining(", ", "SELECT ", ""));
    }

    private static String literal(Column column, ElementValue value) {
        return value.equals(ElementValue.NULL) ? "NULL" : OddText.quoted(column.type.literal(value));
    }

    /** All rows as text, sorted. */
    private List<String> printed(RandomTable table, String from) throws SQLException {
        String texts = table.columns.stream().map(ServerJudge::text).collect(Collectors.joining(", ", "ARRAY[", "]"));
        List<String> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT " + texts + " FROM " + from)) {
            while (result.next()) {
                rows.add(result.getString(1));
            }
        }
        return rows.stream().sorted().toList();
    }

    /** Not by IS NULL, which holds for a row of nothing but NULLs. The bounds of arrays are not part of their values. */
    private static String text(Column column) {
        String text = "format('%s', " + column.sql() + ")";
        String plain = column.type instanceof RandomType.Array
                ? "regexp_replace(" + text + ", '^(\\[-?\\d+:-?\\d+\\])+=', '')"
                : text;
        return "CASE WHEN num_nulls(" + column.sql() + ") = 0 THEN " + plain + " END";
    }
}
