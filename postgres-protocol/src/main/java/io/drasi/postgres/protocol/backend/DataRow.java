// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import java.util.Objects;
import java.util.Optional;

/**
 * A row of a query's result. Borrowed: valid until the next message is read into the same buffer. Columns count from 0.
 */
public final class DataRow implements BackendMessage {
    private static final int NULL_LENGTH = -1;

    private final byte[] array;
    // Where column i's length stands; one more entry for the end of the row.
    private final int[] positions;

    private DataRow(byte[] array, int[] positions) {
        this.array = array;
        this.positions = positions;
    }

    static DataRow read(ByteCursor cursor) {
        int size = cursor.readUnsignedInt16();
        int[] positions = new int[size + 1];
        for (int i = 0; i < size; i++) {
            positions[i] = cursor.position();
            int length = cursor.readInt32();
            if (length != NULL_LENGTH) {
                cursor.skip(length);
            }
        }
        positions[size] = cursor.position();
        return new DataRow(cursor.array(), positions);
    }

    /** The count of columns. */
    public int size() {
        return positions.length - 1;
    }

    /** Whether the column is SQL NULL. */
    public boolean isNull(int column) {
        // The only negative length that read() lets pass is NULL's, so the sign bit tells.
        return array[positions[Objects.checkIndex(column, size())]] < 0;
    }

    /**
     * The column's bytes, borrowed.
     *
     * @throws IllegalStateException if the column is SQL NULL
     */
    public ByteSlice value(int column) {
        if (isNull(column)) {
            throw new IllegalStateException("column " + column + " is NULL");
        }
        int from = positions[column] + Integer.BYTES;
        return new ByteSlice(array, from, positions[column + 1] - from);
    }

    /**
     * The column as UTF-8 text; empty if it is SQL NULL.
     *
     * @throws io.drasi.postgres.protocol.wire.ProtocolException if it is not well-formed UTF-8
     */
    public Optional<String> text(int column) {
        return isNull(column) ? Optional.empty() : Optional.of(value(column).utf8());
    }

    /** The count of columns, not their content. */
    @Override
    public String toString() {
        return "DataRow[" + size() + " columns]";
    }
}
