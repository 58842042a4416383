// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A table that a fake server has, in one of its shapes: each has a column more than the one before. Its first column is an
 * integer, all others are text.
 *
 * @param keyColumns how many of its first columns are its key
 * @param full whether its replica identity is FULL, so that the server sends old rows whole
 * @param shape from 0 on
 */
record FakeTable(long oid, String schema, String name, int keyColumns, boolean full, int shape) {
    private static final int INT4 = 23;
    private static final int TEXT = 25;
    /** The columns of the first shape. */
    private static final int FIRST_COLUMNS = 3;

    /** The key of one with a FULL identity can't be told from a Relation message: it is configured. */
    static final String KEY_COLUMN = "c0";

    FakeTable altered() {
        return inShape(shape + 1);
    }

    FakeTable inShape(int other) {
        return new FakeTable(oid, schema, name, keyColumns, full, other);
    }

    String label() {
        return schema.equals("public") ? name : schema + "." + name;
    }

    int columns() {
        return FIRST_COLUMNS + shape;
    }

    static String column(int index) {
        return "c" + index;
    }

    List<String> columnNames() {
        return IntStream.range(0, columns()).mapToObj(FakeTable::column).toList();
    }

    /** The shape that has so many columns. */
    static int shapeOf(List<String> columnNames) {
        return columnNames.size() - FIRST_COLUMNS;
    }

    byte[] relation() {
        Bytes bytes =
                new Bytes().int8('R').int32(oid).cstring(schema).cstring(name).int8(full ? 'f' : 'd');
        bytes.int16(columns());
        for (int i = 0; i < columns(); i++) {
            bytes.int8(full || i < keyColumns ? 1 : 0)
                    .cstring(column(i))
                    .int32(i == 0 ? INT4 : TEXT)
                    .int32(-1);
        }
        return bytes.toByteArray();
    }

    /** What the server sends of a column's value. */
    sealed interface Cell {
        record Text(String text) implements Cell {}

        record Null() implements Cell {}

        record Unchanged() implements Cell {}
    }

    static Bytes tuple(List<Cell> row) {
        Bytes bytes = new Bytes().int16(row.size());
        for (Cell cell : row) {
            if (cell instanceof Cell.Text text) {
                bytes.int8('t').sizedText(text.text());
            } else {
                bytes.int8(cell instanceof Cell.Null ? 'n' : 'u');
            }
        }
        return bytes;
    }

    String elementId(List<Cell> row) {
        List<String> key = new ArrayList<>();
        for (Cell cell : row.subList(0, keyColumns)) {
            key.add(((Cell.Text) cell).text());
        }
        return label() + ":" + String.join("_", key);
    }

    /** As {@link ReadableChange} writes properties; what the server did not send is absent. */
    static String properties(List<Cell> row) {
        List<String> properties = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            if (row.get(i) instanceof Cell.Text text) {
                properties.add(column(i) + "=" + (i == 0 ? text.text() : '"' + text.text() + '"'));
            } else if (row.get(i) instanceof Cell.Null) {
                properties.add(column(i) + "=null");
            }
        }
        return "{" + String.join(", ", properties) + "}";
    }
}
