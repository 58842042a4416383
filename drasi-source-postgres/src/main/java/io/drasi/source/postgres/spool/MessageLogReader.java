// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Walks once along the messages of a {@link MessageLog}. One thread. */
public final class MessageLogReader {
    /**
     * A place between two messages.
     *
     * @param offset in the file
     * @param message number of the one that comes next, from 0 on
     */
    public record Place(long offset, long message) {
        public static final Place BEGIN = new Place(0, 0);
    }

    private static final int BUFFER = 1 << 16;

    private final MessageLog log;
    private final CRC32C checksum = new CRC32C();
    /** What was read ahead, from {@link #next} on. */
    private final byte[] buffer = new byte[BUFFER];

    private int next;
    private int end;
    private long place; // in the file, of what follows the buffer
    private byte[] message = new byte[1024];
    private long offset; // in the file, of the message
    private long read;
    private Place last; // before the message that was read last

    MessageLogReader(MessageLog log, Place from) {
        this.log = log;
        this.place = from.offset();
        this.offset = from.offset();
        this.read = from.message();
        this.last = from;
    }

    /** Before the message that was read last. */
    public Place placeOfLast() {
        return last;
    }

    public Place placeOfNext() {
        return new Place(offset, read);
    }

    /**
     * The next message; empty after the last one.
     *
     * @return valid until the next call
     * @throws SpoolException if the file is damaged
     * @throws IllegalStateException if nobody holds the log any more
     */
    public Optional<ByteSlice> next() {
        if (read == log.messages()) {
            return Optional.empty();
        }
        try {
            take(MessageLog.HEADER);
            int length = int32(0);
            int expected = int32(Integer.BYTES);
            if (length < 0 || length > log.bytes() - offset - MessageLog.HEADER) {
                throw damaged("a message there would have " + length + " bytes", null);
            }
            take(length);
            checksum.reset();
            checksum.update(message, 0, length);
            if ((int) checksum.getValue() != expected) {
                throw damaged("the checksum of a message does not fit", null);
            }
            last = placeOfNext();
            offset += MessageLog.HEADER + length;
            read++;
            return Optional.of(new ByteSlice(message, 0, length));
        } catch (IOException e) {
            throw damaged("it can't be read: " + e.getMessage(), e);
        }
    }

    /** Puts so many bytes into {@link #message}. */
    private void take(int length) throws IOException {
        if (length > message.length) {
            message = new byte[Math.max(length, message.length * 2)];
        }
        int taken = 0;
        while (taken < length) {
            if (next == end) {
                fill();
            }
            int part = Math.min(length - taken, end - next);
            System.arraycopy(buffer, next, message, taken, part);
            next += part;
            taken += part;
        }
    }

    private void fill() throws IOException {
        int count = log.read(place, buffer, buffer.length);
        if (count <= 0) {
            throw damaged("it ends in the midst of a message", null);
        }
        place += count;
        next = 0;
        end = count;
    }

    private int int32(int index) {
        return (message[index] & 0xFF) << 24
                | (message[index + 1] & 0xFF) << 16
                | (message[index + 2] & 0xFF) << 8
                | (message[index + 3] & 0xFF);
    }

    private SpoolException damaged(String how, @Nullable Exception cause) {
        return new SpoolException(
                "the file " + log.path() + " of transaction " + log.xid() + ", " + log.bytes()
                        + " bytes, is damaged at byte " + offset + ": " + how,
                "Look after the disk, or give another temp_dir. The transaction comes again, whole, when the source is"
                        + " started.",
                cause);
    }
}
