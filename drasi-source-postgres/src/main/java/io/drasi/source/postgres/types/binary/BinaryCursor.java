// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.TypeChangedException;
import io.drasi.source.postgres.types.ValueFormatException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/** Walks along the binary form of one value. Every step that finds something else is a {@link ValueFormatException}. */
final class BinaryCursor {
    /** The length of a part that is NULL. */
    static final int NULL = -1;

    private static final VarHandle INT16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final String typeName;
    private final byte[] array;
    private final int offset;
    private final int length;
    private int position;

    BinaryCursor(String typeName, byte[] array, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, array.length);
        this.typeName = typeName;
        this.array = array;
        this.offset = offset;
        this.length = length;
        this.position = offset;
    }

    static short int16(byte[] array, int offset) {
        return (short) INT16.get(array, offset);
    }

    static int int32(byte[] array, int offset) {
        return (int) INT32.get(array, offset);
    }

    static long int64(byte[] array, int offset) {
        return (long) INT64.get(array, offset);
    }

    static void requireLength(int expected, String typeName, byte[] array, int offset, int length) {
        if (length != expected) {
            throw new ValueFormatException(typeName, array, offset, length);
        }
    }

    byte[] array() {
        return array;
    }

    int position() {
        return position;
    }

    int remaining() {
        return offset + length - position;
    }

    int readByte() {
        return array[advance(Byte.BYTES)] & 0xFF;
    }

    short readInt16() {
        return int16(array, advance(Short.BYTES));
    }

    int readUnsignedInt16() {
        return readInt16() & 0xFFFF;
    }

    int readInt32() {
        return int32(array, advance(Integer.BYTES));
    }

    long readUnsignedInt32() {
        return readInt32() & 0xFFFF_FFFFL;
    }

    long readInt64() {
        return int64(array, advance(Long.BYTES));
    }

    double readFloat8() {
        return Double.longBitsToDouble(readInt64());
    }

    /** A count of parts, each of which takes {@code minBytes} at least. */
    int readCount(int minBytes) {
        int count = readInt32();
        if (count < 0 || (long) count * minBytes > remaining()) {
            throw malformed();
        }
        return count;
    }

    /** The length of the part that comes next, {@link #NULL} or one that lies within the value. */
    int readPartLength() {
        int size = readInt32();
        if (size < NULL || size > remaining()) {
            throw malformed();
        }
        return size;
    }

    /** Steps over bytes; returns where they begin. */
    int skip(int bytes) {
        return advance(bytes);
    }

    /** Steps over the bytes up to the next zero and over that; returns how many stand before it. */
    int skipTerminated() {
        int start = position;
        int terminated;
        do {
            terminated = position;
        } while (readByte() != 0);
        return terminated - start;
    }

    void expectByte(int expected) {
        if (readByte() != expected) {
            throw malformed();
        }
    }

    void expectEnd() {
        if (remaining() != 0) {
            throw malformed();
        }
    }

    ValueFormatException malformed() {
        return new ValueFormatException(typeName, array, offset, length);
    }

    TypeChangedException changed() {
        return new TypeChangedException(typeName, array, offset, length);
    }

    private int advance(int bytes) {
        if (bytes < 0 || bytes > remaining()) {
            throw malformed();
        }
        int start = position;
        position += bytes;
        return start;
    }
}
