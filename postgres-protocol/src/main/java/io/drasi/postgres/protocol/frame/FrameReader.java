// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.frame;

import io.drasi.postgres.protocol.wire.ProtocolException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Finds the frames of backend messages in received bytes: a type byte, then a 32-bit length that counts itself and the
 * body, then the body. The reader holds the place of the frame found last and nothing of its bytes, so finding one
 * allocates nothing. Not thread-safe.
 */
public final class FrameReader {
    /**
     * The greatest length that a server can mean: PostgreSQL builds a message in one allocation of at most 1 GiB - 1
     * (MaxAllocSize), and the length counts its own 4 bytes on top.
     */
    public static final int DEFAULT_MAX_FRAME_LENGTH = 0x3FFF_FFFF + Integer.BYTES;

    private static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final int TYPE_BYTES = 1;
    private static final int HEADER_BYTES = TYPE_BYTES + Integer.BYTES;
    // A frame is one range of one array, type byte included.
    private static final int GREATEST_BOUND = Integer.MAX_VALUE - 8 - TYPE_BYTES;

    private final int maxFrameLength;
    private byte type;
    private int bodyStart;
    private int bodyEnd;
    private int needed = HEADER_BYTES;

    public FrameReader() {
        this(DEFAULT_MAX_FRAME_LENGTH);
    }

    /**
     * @param maxFrameLength bound for a frame's length field (its own 4 bytes and the body), at least 4
     * @throws IllegalArgumentException if the bound is not 4 to 2,147,483,638
     */
    public FrameReader(int maxFrameLength) {
        if (maxFrameLength < Integer.BYTES || maxFrameLength > GREATEST_BOUND) {
            throw new IllegalArgumentException(
                    "maxFrameLength must be 4 to " + GREATEST_BOUND + ", was " + maxFrameLength);
        }
        this.maxFrameLength = maxFrameLength;
    }

    /**
     * Looks for a frame that begins at {@code position}.
     *
     * @param buffer borrowed for the call
     * @param limit index after the last byte received
     * @return true if the whole frame is there: {@link #type()}, {@link #bodyStart()} and {@link #bodyEnd()} describe it,
     *     and the next frame begins at {@code bodyEnd()}; false if bytes are missing, see {@link #neededBytes()}
     * @throws ProtocolException if the length is out of bounds, as soon as the length is there (offset 1, counted from
     *     the type byte)
     * @throws IndexOutOfBoundsException if the range is not within the buffer
     */
    public boolean next(byte[] buffer, int position, int limit) {
        Objects.checkFromToIndex(position, limit, buffer.length);
        int available = limit - position;
        if (available < HEADER_BYTES) {
            needed = HEADER_BYTES;
            return false;
        }
        int length = (int) INT32.get(buffer, position + TYPE_BYTES);
        if (length < Integer.BYTES || length > maxFrameLength) {
            throw badLength(buffer[position], length);
        }
        needed = TYPE_BYTES + length;
        if (available < needed) {
            return false;
        }
        type = buffer[position];
        bodyStart = position + HEADER_BYTES;
        bodyEnd = position + needed;
        return true;
    }

    private ProtocolException badLength(byte type, int length) {
        return new ProtocolException(
                "the length of a frame must be 4 to " + maxFrameLength + ", was " + (length & 0xFFFF_FFFFL)
                        + " (type byte 0x" + Integer.toHexString(type & 0xFF) + ")",
                TYPE_BYTES);
    }

    /** Type byte of the frame found last. */
    public byte type() {
        return type;
    }

    /** Index of the first byte of the body of the frame found last. */
    public int bodyStart() {
        return bodyStart;
    }

    /** Index after the last byte of the body of the frame found last. */
    public int bodyEnd() {
        return bodyEnd;
    }

    /**
     * Bytes that the frame looked at last takes in all, from its type byte on: 5 as long as its length is not known. A
     * buffer must have room for so many.
     */
    public int neededBytes() {
        return needed;
    }
}
