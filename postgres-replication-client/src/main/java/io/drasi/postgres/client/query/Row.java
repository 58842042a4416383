// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

import java.util.List;
import java.util.Optional;

/**
 * A row of a {@link QueryResult}, values as the server prints them. Columns by name (the first of that name) or by index
 * from 0; an unknown one is an {@link IllegalArgumentException}.
 *
 * @param columnNames shared by the rows of a result
 * @param values empty is SQL NULL
 */
public record Row(List<String> columnNames, List<Optional<String>> values) {
    public Row {
        columnNames = List.copyOf(columnNames);
        values = List.copyOf(values);
        if (columnNames.size() != values.size()) {
            throw new IllegalArgumentException(
                    "a row of " + values.size() + " values for " + columnNames.size() + " columns");
        }
    }

    /** Empty if the value is NULL. */
    public Optional<String> text(int column) {
        if (column < 0 || column >= values.size()) {
            throw new IllegalArgumentException("no column " + column + " among " + columnNames);
        }
        return values.get(column);
    }

    /** Empty if the value is NULL. */
    public Optional<String> text(String column) {
        return values.get(indexOf(column));
    }

    public boolean isNull(int column) {
        return text(column).isEmpty();
    }

    public boolean isNull(String column) {
        return text(column).isEmpty();
    }

    /** @throws IllegalStateException if the value is NULL */
    public String required(int column) {
        return text(column)
                .orElseThrow(() -> new IllegalStateException("column " + columnNames.get(column) + " is NULL"));
    }

    /** @throws IllegalStateException if the value is NULL */
    public String required(String column) {
        return required(indexOf(column));
    }

    /**
     * @throws IllegalStateException if the value is NULL
     * @throws NumberFormatException if it is no whole number of 64 bits
     */
    public long requiredLong(int column) {
        return Long.parseLong(required(column));
    }

    /** @see #requiredLong(int) */
    public long requiredLong(String column) {
        return requiredLong(indexOf(column));
    }

    /**
     * @throws IllegalStateException if the value is NULL or not PostgreSQL's {@code t} or {@code f}
     */
    public boolean requiredBoolean(int column) {
        String text = required(column);
        return switch (text) {
            case "t" -> true;
            case "f" -> false;
            default ->
                throw new IllegalStateException("column " + columnNames.get(column) + " is no boolean: '" + text + "'");
        };
    }

    /** @see #requiredBoolean(int) */
    public boolean requiredBoolean(String column) {
        return requiredBoolean(indexOf(column));
    }

    private int indexOf(String column) {
        int index = columnNames.indexOf(column);
        if (index < 0) {
            throw new IllegalArgumentException("no column '" + column + "' among " + columnNames);
        }
        return index;
    }
}
