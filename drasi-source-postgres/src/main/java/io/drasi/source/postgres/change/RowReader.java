// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.schema.RowKey;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.types.TypeChangedException;
import io.drasi.source.postgres.types.ValueFormatException;
import io.drasi.source.postgres.types.binary.BinaryCodec;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Reads the values of a row. */
final class RowReader {
    private static final int LONGEST_SHOWN_KEY = 100;

    private RowReader() {}

    /**
     * All columns. A value that did not change and was not sent is taken from {@code old}, or is absent if that does not
     * tell it.
     *
     * @param old the old row, if the server sent it: all of it or only the columns of the replica identity
     */
    static ElementProperties read(TableShape shape, TupleData row, @Nullable TupleData old) {
        requireColumns(shape, row);
        @Nullable ElementValue[] values = new ElementValue[row.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.kind(i) == TupleData.Kind.UNCHANGED_TOAST && old != null && shape.inIdentity(i)
                    ? value(shape, old, i)
                    : value(shape, row, i);
        }
        return ElementProperties.owning(shape.names(), values);
    }

    /** Only the columns of the replica identity; the others, which such a row has as NULL, are absent. */
    static ElementProperties readIdentity(TableShape shape, TupleData row) {
        requireColumns(shape, row);
        @Nullable ElementValue[] values = new ElementValue[row.size()];
        for (int i = 0; i < values.length; i++) {
            if (shape.inIdentity(i)) {
                values[i] = value(shape, row, i);
            }
        }
        return ElementProperties.owning(shape.names(), values);
    }

    /** PostgreSQL's text of a value that was sent as text. */
    static String text(TableShape shape, TupleData row, int column) {
        try {
            return new ByteSlice(row.array(), row.offset(column), row.length(column)).utf8();
        } catch (ProtocolException e) {
            throw new DecodingException(
                    "key column " + shape.names().get(column) + " of table " + shape.label() + row(shape, row)
                            + ": the text is not UTF-8, so no element id can be made of it",
                    null,
                    e);
        }
    }

    /** Appends PostgreSQL's text of a value that was sent in binary format. */
    static void appendText(TableShape shape, TupleData row, int column, StringBuilder text) {
        try {
            binaryCodec(shape, column).appendText(row.array(), row.offset(column), row.length(column), text);
        } catch (TypeChangedException e) {
            throw typeChanged(shape, column, e);
        } catch (ValueFormatException e) {
            throw unreadable(shape, row, column, e);
        }
    }

    private static BinaryCodec binaryCodec(TableShape shape, int column) {
        BinaryCodec codec = shape.binaryCodec(column);
        if (codec == null) {
            throw new DecodingException(
                    "column " + shape.names().get(column) + " of table " + shape.label()
                            + " was sent in binary format, which was not asked for",
                    null,
                    null);
        }
        return codec;
    }

    private static @Nullable ElementValue value(TableShape shape, TupleData row, int column) {
        return switch (row.kind(column)) {
            case NULL -> ElementValue.NULL;
            case UNCHANGED_TOAST -> null;
            case TEXT -> decode(shape, row, column);
            case BINARY -> decodeBinary(shape, row, column);
        };
    }

    private static ElementValue decodeBinary(TableShape shape, TupleData row, int column) {
        try {
            return binaryCodec(shape, column).decode(row.array(), row.offset(column), row.length(column));
        } catch (TypeChangedException e) {
            throw typeChanged(shape, column, e);
        } catch (ValueFormatException e) {
            throw unreadable(shape, row, column, e);
        }
    }

    private static BinaryFormatException typeChanged(TableShape shape, int column, TypeChangedException e) {
        return new BinaryFormatException(
                "the type of column " + shape.names().get(column) + " of table " + shape.label() + " was altered: "
                        + e.getMessage(),
                e);
    }

    private static DecodingException unreadable(TableShape shape, TupleData row, int column, ValueFormatException e) {
        return new DecodingException(
                "column " + shape.names().get(column) + " of table " + shape.label() + row(shape, row) + ": "
                        + e.getMessage(),
                null,
                e);
    }

    private static ElementValue decode(TableShape shape, TupleData row, int column) {
        try {
            return shape.codec(column).decodeText(row.array(), row.offset(column), row.length(column));
        } catch (ValueFormatException e) {
            throw unreadable(shape, row, column, e);
        }
    }

    /** Which row it is, for a message: by its key's raw text, since something in it can't be read. */
    private static String row(TableShape shape, TupleData row) {
        if (!(shape.key() instanceof RowKey.Columns key)) {
            return "";
        }
        StringJoiner values = new StringJoiner(", ", ", row with ", "");
        for (int column : key.indexes()) {
            String value = switch (row.kind(column)) {
                case TEXT -> "'" + readable(row.array(), row.offset(column), row.length(column)) + "'";
                case BINARY -> readableBinary(shape, row, column);
                case NULL, UNCHANGED_TOAST -> row.kind(column).toString();
            };
            values.add(shape.names().get(column) + " = " + value);
        }
        return values.toString();
    }

    private static String readableBinary(TableShape shape, TupleData row, int column) {
        int length = Math.min(row.length(column), LONGEST_SHOWN_KEY);
        try {
            StringBuilder text = new StringBuilder();
            binaryCodec(shape, column).appendText(row.array(), row.offset(column), row.length(column), text);
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            return "'" + readable(bytes, 0, bytes.length) + "'";
        } catch (ValueFormatException e) { // the key may be what can't be read
            return "0x" + HexFormat.of().formatHex(row.array(), row.offset(column), row.offset(column) + length)
                    + (length < row.length(column) ? "…" : "");
        }
    }

    private static String readable(byte[] array, int offset, int length) {
        String text = new String(array, offset, Math.min(length, LONGEST_SHOWN_KEY), StandardCharsets.UTF_8);
        return length > LONGEST_SHOWN_KEY ? text + "…" : text;
    }

    private static void requireColumns(TableShape shape, TupleData row) {
        if (row.size() != shape.names().size()) {
            throw new DecodingException(
                    "a row of table " + shape.label() + " has " + row.size()
                            + " columns, but the table was described with "
                            + shape.names().size(),
                    null,
                    null);
        }
    }
}
