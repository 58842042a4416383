// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.SpoolException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.CRC32C;

/** Walks once along the messages of a {@link MessageLog}. One thread. */
public final class MessageLogReader implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final long xid;
    private final long bytes;
    private final long messages;
    private final DataInputStream in;
    private final CRC32C checksum = new CRC32C();
    private byte[] message = new byte[1024];
    private long offset;
    private long read;

    MessageLogReader(Path file, long xid, long bytes, long messages) {
        this.file = file;
        this.xid = xid;
        this.bytes = bytes;
        this.messages = messages;
        try {
            // Not a channel: an interrupt of the thread would close that.
            this.in = new DataInputStream(new BufferedInputStream(new FileInputStream(file.toFile()), BUFFER));
        } catch (IOException e) {
            throw damaged("it can't be opened: " + e.getMessage(), e);
        }
    }

    /**
     * The next message; empty after the last one.
     *
     * @return valid until the next call
     * @throws SpoolException if the file is damaged
     */
    public Optional<ByteSlice> next() {
        if (read == messages) {
            return Optional.empty();
        }
        try {
            int length = in.readInt();
            int expected = in.readInt();
            if (length < 0 || length > bytes - offset - MessageLog.HEADER) {
                throw damaged("a message there would have " + length + " bytes", null);
            }
            if (length > message.length) {
                message = new byte[Math.max(length, message.length * 2)];
            }
            in.readFully(message, 0, length);
            checksum.reset();
            checksum.update(message, 0, length);
            if ((int) checksum.getValue() != expected) {
                throw damaged("the checksum of a message does not fit", null);
            }
            offset += MessageLog.HEADER + length;
            read++;
            return Optional.of(new ByteSlice(message, 0, length));
        } catch (EOFException e) {
            throw damaged("it ends in the midst of a message", e);
        } catch (IOException e) {
            throw damaged("it can't be read: " + e.getMessage(), e);
        }
    }

    private SpoolException damaged(String how, @org.jspecify.annotations.Nullable Exception cause) {
        return new SpoolException(
                "the file " + file + " of transaction " + xid + ", " + bytes + " bytes, is damaged at byte " + offset
                        + ": " + how,
                "Look after the disk, or give another temp_dir. The transaction comes again, whole, when the source is"
                        + " started.",
                cause);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw damaged("it can't be closed: " + e.getMessage(), e);
        }
    }
}
