// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * A view of bytes in an array that belongs to somebody else. Nothing is copied: the content changes when the owner of
 * the array overwrites it. A slice in a decoded message is therefore valid until the next message is read into the same
 * buffer; {@link #toByteArray()} or {@link #copy()} keeps the content for longer.
 *
 * <p>Two slices are equal if their bytes are.
 */
public final class ByteSlice {
    private static final ByteSlice EMPTY = new ByteSlice(new byte[0], 0, 0);
    private static final int SHOWN_BYTES = 32;

    private final byte[] array;
    private final int offset;
    private final int length;

    /**
     * @param array borrowed, not copied
     * @throws IndexOutOfBoundsException if the range is not within the array
     */
    public ByteSlice(byte[] array, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, array.length);
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /** The whole of {@code array}, borrowed. */
    public static ByteSlice of(byte[] array) {
        return new ByteSlice(array, 0, array.length);
    }

    public static ByteSlice empty() {
        return EMPTY;
    }

    /** The owner's array; only {@link #offset()} to {@code offset() + length()} belongs to this slice. */
    public byte[] array() {
        return array;
    }

    /** Index of the first byte in {@link #array()}. */
    public int offset() {
        return offset;
    }

    public int length() {
        return length;
    }

    public boolean isEmpty() {
        return length == 0;
    }

    /** @param index 0 to {@code length() - 1} */
    public byte get(int index) {
        return array[offset + Objects.checkIndex(index, length)];
    }

    public byte[] toByteArray() {
        return Arrays.copyOfRange(array, offset, offset + length);
    }

    /** The same bytes in an array of their own. */
    public ByteSlice copy() {
        return of(toByteArray());
    }

    /**
     * The bytes as UTF-8 text.
     *
     * @throws ProtocolException if they are not well-formed UTF-8; its offset counts from the start of this slice
     */
    public String utf8() {
        return Utf8.decode(array, offset, length, offset);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ByteSlice that
                && Arrays.equals(array, offset, offset + length, that.array, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + array[i];
        }
        return hash;
    }

    /** Length and the first bytes in hexadecimal: for messages of tests and logs. */
    @Override
    public String toString() {
        int shown = Math.min(length, SHOWN_BYTES);
        String hex = HexFormat.of().formatHex(array, offset, offset + shown);
        return "ByteSlice[" + length + " bytes: " + hex + (shown < length ? "…" : "") + "]";
    }
}
