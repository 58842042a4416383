// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ByteWriter;
import io.drasi.source.postgres.error.DecodingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads COPY's text format ("COPY", section "Text Format" in PostgreSQL's documentation) into the form that
 * rows have in the stream, so that both take the same way from there. One thread.
 */
final class CopyTextRows implements CopyRows {
    private final int columns;
    private final int leading;
    private final String what;

    /**
     * @param columns of the table
     * @param leading the number of columns that stand before these and are not the table's own; never NULL, without escapes
     * @param what names the table in errors
     */
    CopyTextRows(int columns, int leading, String what) {
        this.columns = columns;
        this.leading = leading;
        this.what = what;
    }

    /** @param line one row with its line feed */
    @Override
    public Optional<Row> read(ByteSlice line) {
        byte[] bytes = line.array();
        int end = line.offset() + line.length() - 1;
        if (line.length() == 0 || bytes[end] != '\n') {
            throw broken("a row without its line feed");
        }
        ByteWriter tuple = new ByteWriter();
        tuple.writeInt16(columns);
        List<String> texts = leading == 0 ? List.of() : new ArrayList<>();
        int column = -leading;
        int start = line.offset();
        while (column < columns) {
            int fieldEnd = start;
            while (fieldEnd < end && bytes[fieldEnd] != '\t') {
                fieldEnd++;
            }
            if (column < 0) {
                texts.add(new ByteSlice(bytes, start, fieldEnd - start).utf8());
            } else {
                writeField(tuple, bytes, start, fieldEnd);
            }
            column++;
            start = fieldEnd + 1;
            if (fieldEnd == end) {
                break;
            }
        }
        // A table without columns gives empty lines.
        if (column != columns || (columns + leading > 0 ? start != end + 1 : start != end)) {
            throw broken("a row that has not " + columns + " columns");
        }
        byte[] encoded = tuple.toByteArray();
        return Optional.of(new Row(texts, TupleData.read(new ByteCursor(encoded))));
    }

    @Override
    public void end() {
        // Nothing marks it.
    }

    private void writeField(ByteWriter tuple, byte[] bytes, int start, int end) {
        if (end - start == 2 && bytes[start] == '\\' && bytes[start + 1] == 'N') {
            tuple.writeByte('n');
            return;
        }
        tuple.writeByte('t');
        int escapes = 0;
        for (int i = start; i < end; i++) {
            if (bytes[i] == '\\') {
                escapes++;
                i++;
            }
        }
        tuple.writeInt32(end - start - escapes);
        if (escapes == 0) {
            tuple.writeBytes(new ByteSlice(bytes, start, end - start));
            return;
        }
        for (int i = start; i < end; i++) {
            byte b = bytes[i];
            if (b == '\\') {
                i++;
                if (i == end) {
                    throw broken("a backslash at the end of a value");
                }
                b = unescape(bytes[i]);
            }
            tuple.writeByte(b);
        }
    }

    private static byte unescape(byte escaped) {
        return switch (escaped) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'v' -> 0x0B;
            default -> escaped;
        };
    }

    private DecodingException broken(String how) {
        return new DecodingException("COPY of table " + what + " gave " + how, null, null);
    }
}
