// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import java.util.Arrays;
import java.util.Objects;

/**
 * The columns of a row as the server sent them, in the order of the {@link PgOutputMessage.Relation}'s columns. Columns
 * count from 0.
 *
 * <p>Borrowed: it is a view of the array that the message was decoded from and valid until the next message is read into
 * it; {@link #copy()} keeps it for longer. No object is made for a value before {@link #value(int)} asks for it; the hot
 * path uses {@link #kind(int)}, {@link #offset(int)} and {@link #length(int)}.
 *
 * <p>Two tuples are equal if all their columns have the same kind and bytes.
 */
public final class TupleData {
    /** How a column's value was sent. */
    public enum Kind {
        /** {@code n}: SQL NULL. */
        NULL,
        /** {@code u}: an out-of-line value that did not change and that the server did not send. */
        UNCHANGED_TOAST,
        /** {@code t}: the type's output text in UTF-8. */
        TEXT,
        /** {@code b}: what the type's send function makes. */
        BINARY
    }

    /** Kind byte and length in front of the bytes of a text or binary value. */
    private static final int VALUE_HEADER_BYTES = 1 + Integer.BYTES;

    private final byte[] array;
    // Where column i's kind byte stands; one more entry for the end. Everything else follows from these and the array.
    private final int[] positions;

    private TupleData(byte[] array, int[] positions) {
        this.array = array;
        this.positions = positions;
    }

    /**
     * Reads one TupleData part of a message: the count of columns and the columns.
     *
     * @throws io.drasi.postgres.protocol.wire.ProtocolException if bytes are missing or a kind is unknown
     */
    public static TupleData read(ByteCursor cursor) {
        int size = cursor.readUnsignedInt16();
        int[] positions = new int[size + 1];
        for (int i = 0; i < size; i++) {
            positions[i] = cursor.position();
            byte kind = cursor.readByte();
            switch (kind) {
                case 'n', 'u' -> {}
                case 't', 'b' -> cursor.skip(cursor.readInt32());
                default ->
                    throw cursor.failure("unknown kind 0x" + Integer.toHexString(kind & 0xFF) + " of column " + i, 1);
            }
        }
        positions[size] = cursor.position();
        return new TupleData(cursor.array(), positions);
    }

    /** The count of columns. */
    public int size() {
        return positions.length - 1;
    }

    public Kind kind(int column) {
        return switch (array[positions[Objects.checkIndex(column, size())]]) {
            case 't' -> Kind.TEXT;
            case 'b' -> Kind.BINARY;
            case 'n' -> Kind.NULL;
            case 'u' -> Kind.UNCHANGED_TOAST;
            default -> throw new IllegalStateException("the tuple's array was overwritten: copy() what is kept");
        };
    }

    /** The array that the values are in; borrowed. */
    public byte[] array() {
        return array;
    }

    /** Index in {@link #array()} of the first byte of a text or binary value. Without meaning for the other kinds. */
    public int offset(int column) {
        return positions[column] + VALUE_HEADER_BYTES;
    }

    /** Bytes of a text or binary value; 0 for the other kinds. */
    public int length(int column) {
        return Math.max(0, positions[column + 1] - positions[column] - VALUE_HEADER_BYTES);
    }

    /** Makes an object of a column; its bytes are borrowed as the tuple's are. */
    public TupleValue value(int column) {
        return switch (kind(column)) {
            case NULL -> new TupleValue.Null();
            case UNCHANGED_TOAST -> new TupleValue.UnchangedToast();
            case TEXT -> new TupleValue.Text(slice(column));
            case BINARY -> new TupleValue.Binary(slice(column));
        };
    }

    private ByteSlice slice(int column) {
        return new ByteSlice(array, offset(column), length(column));
    }

    /** The same tuple in an array of its own. */
    public TupleData copy() {
        int start = start();
        int[] moved = new int[positions.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = positions[i] - start;
        }
        return new TupleData(Arrays.copyOfRange(array, start, end()), moved);
    }

    private int start() {
        return positions[0];
    }

    private int end() {
        return positions[positions.length - 1];
    }

    // The encoding is canonical, so equal columns are equal bytes.
    @Override
    public boolean equals(Object other) {
        return other instanceof TupleData that
                && size() == that.size()
                && Arrays.equals(array, start(), end(), that.array, that.start(), that.end());
    }

    @Override
    public int hashCode() {
        return new ByteSlice(array, start(), end() - start()).hashCode();
    }

    /** Kinds and lengths, not the content. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("TupleData[");
        for (int i = 0; i < size(); i++) {
            text.append(i == 0 ? "" : ", ").append(kind(i));
            if (length(i) > 0) {
                text.append('(').append(length(i)).append(')');
            }
        }
        return text.append(']').toString();
    }
}
