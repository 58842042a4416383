// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes big-endian values into an array that grows. {@link #clear()} makes it ready for the next message and keeps the
 * array. Not thread-safe.
 */
public final class ByteWriter {
    private static final VarHandle INT16 = bigEndian(short[].class);
    private static final VarHandle INT32 = bigEndian(int[].class);
    private static final VarHandle INT64 = bigEndian(long[].class);
    private static final int INITIAL_CAPACITY = 256;

    private byte[] array = new byte[INITIAL_CAPACITY];
    private int length;

    /** A writer with nothing written. */
    public ByteWriter() {}

    private static VarHandle bigEndian(Class<?> arrayType) {
        return MethodHandles.byteArrayViewVarHandle(arrayType, ByteOrder.BIG_ENDIAN);
    }

    /** Writes the low 8 bits. */
    public void writeByte(int value) {
        int at = grow(Byte.BYTES); // before the array is looked at: it may be replaced
        array[at] = (byte) value;
    }

    /** Writes the low 16 bits. */
    public void writeInt16(int value) {
        int at = grow(Short.BYTES);
        INT16.set(array, at, (short) value);
    }

    public void writeInt32(int value) {
        int at = grow(Integer.BYTES);
        INT32.set(array, at, value);
    }

    public void writeInt64(long value) {
        int at = grow(Long.BYTES);
        INT64.set(array, at, value);
    }

    public void writeLsn(Lsn lsn) {
        writeInt64(lsn.value());
    }

    /**
     * Writes {@code text} in UTF-8 and a zero byte.
     *
     * @throws IllegalArgumentException if the text itself has a zero character, which would end it early
     */
    public void writeCString(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a text sent to PostgreSQL must not contain the character U+0000");
        }
        writeBytes(text.getBytes(StandardCharsets.UTF_8));
        writeByte(0);
    }

    public void writeBytes(byte[] bytes) {
        int at = grow(bytes.length);
        System.arraycopy(bytes, 0, array, at, bytes.length);
    }

    public void writeBytes(ByteSlice bytes) {
        int at = grow(bytes.length());
        System.arraycopy(bytes.array(), bytes.offset(), array, at, bytes.length());
    }

    /** Leaves room for a 32-bit length; the result is the mark for {@link #endLength(int)}. */
    public int beginLength() {
        return grow(Integer.BYTES);
    }

    /** Fills in the length that {@link #beginLength()} left room for: the bytes since, its own 4 included. */
    public void endLength(int mark) {
        INT32.set(array, mark, length - mark);
    }

    /** Forgets what was written and keeps the array. */
    public void clear() {
        length = 0;
    }

    /** Bytes written. */
    public int length() {
        return length;
    }

    /** The writer's own array, of which the first {@link #length()} bytes count; the next write may replace it. */
    public byte[] array() {
        return array;
    }

    public byte[] toByteArray() {
        return Arrays.copyOf(array, length);
    }

    private int grow(int bytes) {
        int at = length;
        int needed = Math.addExact(at, bytes);
        if (needed > array.length) {
            int doubled = (int) Math.min(2L * array.length, Integer.MAX_VALUE - 8);
            array = Arrays.copyOf(array, Math.max(needed, doubled));
        }
        length = needed;
        return at;
    }
}
