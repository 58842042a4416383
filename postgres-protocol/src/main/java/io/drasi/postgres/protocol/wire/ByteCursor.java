// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Reads big-endian values from a range of a borrowed array, in order. One cursor serves any number of messages by
 * {@link #reset(byte[], int, int)}. It allocates only what its methods return.
 *
 * <p>Every read checks its bound first; one that would pass the end throws {@link ProtocolException} with the offset
 * from the start of the range and moves nothing. Not thread-safe.
 */
public final class ByteCursor {
    private static final VarHandle INT16 = bigEndian(short[].class);
    private static final VarHandle INT32 = bigEndian(int[].class);
    private static final VarHandle INT64 = bigEndian(long[].class);

    private byte[] array;
    private int start;
    private int position;
    private int end;

    /** A cursor over nothing, to be {@linkplain #reset(byte[], int, int) reset} later. */
    public ByteCursor() {
        this(new byte[0]);
    }

    /** A cursor over the whole of {@code array}, borrowed. */
    public ByteCursor(byte[] array) {
        this(array, 0, array.length);
    }

    /** A cursor over the slice's bytes, borrowed. */
    public ByteCursor(ByteSlice slice) {
        this(slice.array(), slice.offset(), slice.offset() + slice.length());
    }

    /**
     * @param array borrowed
     * @param from index of the first byte to read, from which offsets in errors are counted
     * @param to index after the last byte to read
     * @throws IndexOutOfBoundsException if the range is not within the array
     */
    public ByteCursor(byte[] array, int from, int to) {
        Objects.checkFromToIndex(from, to, array.length);
        this.array = array;
        this.start = from;
        this.position = from;
        this.end = to;
    }

    private static VarHandle bigEndian(Class<?> arrayType) {
        return MethodHandles.byteArrayViewVarHandle(arrayType, ByteOrder.BIG_ENDIAN);
    }

    /**
     * Starts again over another range.
     *
     * @see #ByteCursor(byte[], int, int)
     */
    public void reset(byte[] array, int from, int to) {
        Objects.checkFromToIndex(from, to, array.length);
        this.array = array;
        this.start = from;
        this.position = from;
        this.end = to;
    }

    /** Starts again over the bytes of {@code slice}. */
    public void reset(ByteSlice slice) {
        reset(slice.array(), slice.offset(), slice.offset() + slice.length());
    }

    /** The borrowed array. */
    public byte[] array() {
        return array;
    }

    /** Index in {@link #array()} of the next byte to read. */
    public int position() {
        return position;
    }

    /** Bytes read so far: the offset that an error at this place would carry. */
    public int offset() {
        return position - start;
    }

    /** Bytes left. */
    public int remaining() {
        return end - position;
    }

    public byte readByte() {
        return array[advance(Byte.BYTES)];
    }

    /** @return 0 to 255 */
    public int readUnsignedByte() {
        return array[advance(Byte.BYTES)] & 0xFF;
    }

    /**
     * One byte that is 0 or 1.
     *
     * @throws ProtocolException if it is anything else
     */
    public boolean readBoolean() {
        int flag = readUnsignedByte();
        if (flag > 1) {
            throw failure("expected 0 or 1, found " + flag, Byte.BYTES);
        }
        return flag == 1;
    }

    public short readInt16() {
        return (short) INT16.get(array, advance(Short.BYTES));
    }

    /** @return 0 to 65,535 */
    public int readUnsignedInt16() {
        return readInt16() & 0xFFFF;
    }

    public int readInt32() {
        return (int) INT32.get(array, advance(Integer.BYTES));
    }

    /** @return 0 to 4,294,967,295 */
    public long readUnsignedInt32() {
        return readInt32() & 0xFFFF_FFFFL;
    }

    /**
     * A 32-bit count of items that follow.
     *
     * @param minItemBytes the least number of bytes that an item takes; a count that cannot fit into the rest of the
     *     message is rejected here, before anything is allocated for it
     * @throws ProtocolException if the count is negative or too large
     */
    public int readCount(int minItemBytes) {
        int count = readInt32();
        if (count < 0 || (long) count * minItemBytes > remaining()) {
            throw failure(
                    "a count of " + count + " does not fit into the " + remaining() + " bytes left", Integer.BYTES);
        }
        return count;
    }

    public long readInt64() {
        return (long) INT64.get(array, advance(Long.BYTES));
    }

    /** An LSN (XLogRecPtr) of 8 bytes. */
    public Lsn readLsn() {
        return new Lsn(readInt64());
    }

    /**
     * UTF-8 text up to a zero byte, which is read too.
     *
     * @throws ProtocolException if there is no zero byte or the text is not well-formed UTF-8
     */
    public String readCString() {
        int from = position;
        int length = advanceCString();
        return Utf8.decode(array, from, length, start);
    }

    /**
     * As {@link #readCString()}, but with U+FFFD in place of what is malformed: for texts meant to be shown, which the
     * server may send in its own encoding before {@code client_encoding} holds.
     */
    public String readDisplayText() {
        int from = position;
        int length = advanceCString();
        return new String(array, from, length, StandardCharsets.UTF_8);
    }

    private int advanceCString() {
        int from = position;
        for (int i = from; i < end; i++) {
            if (array[i] == 0) {
                position = i + 1;
                return i - from;
            }
        }
        throw failure("a string without its terminating zero byte in the " + remaining() + " bytes left", 0);
    }

    /** The next {@code length} bytes, borrowed. */
    public ByteSlice readSlice(int length) {
        return new ByteSlice(array, advance(length), length);
    }

    /** All bytes left, borrowed. */
    public ByteSlice readRest() {
        return readSlice(remaining());
    }

    /** The next {@code length} bytes, copied. */
    public byte[] readBytes(int length) {
        return readSlice(length).toByteArray();
    }

    public void skip(int length) {
        advance(length);
    }

    /**
     * @param what the message that should end here, for the error's text
     * @throws ProtocolException if bytes are left
     */
    public void requireEnd(String what) {
        if (position != end) {
            throw failure(remaining() + " bytes left after the end of " + what, 0);
        }
    }

    /**
     * An exception about a value that was just read.
     *
     * @param back how many bytes before the current position the value begins
     */
    public ProtocolException failure(String problem, int back) {
        return new ProtocolException(problem, (long) position - start - back);
    }

    // The one place that checks a bound.
    private int advance(int length) {
        int from = position;
        if (length < 0 || length > end - from) {
            throw failure("need " + length + " bytes, " + remaining() + " left", 0);
        }
        position = from + length;
        return from;
    }
}
