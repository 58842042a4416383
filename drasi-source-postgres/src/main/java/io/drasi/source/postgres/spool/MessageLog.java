// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SpoolException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Messages of one transaction, in order, in a file: each with its length and a checksum before it, 32 bits, big-endian.
 * Written by one thread, until it is {@linkplain #end ended}; then read by any, each with a {@link MessageLogReader} of its own.
 */
public final class MessageLog {
    static final int HEADER = 2 * Integer.BYTES;
    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final long xid;
    private final OutputStream out;
    private final byte[] buffer = new byte[BUFFER];
    private final CRC32C checksum = new CRC32C();
    private int buffered;
    private long bytes;
    private long messages;
    private volatile Lsn endLsn = Lsn.INVALID;
    private volatile boolean deleted;

    MessageLog(Path file, long xid) {
        this.file = file;
        this.xid = xid;
        try {
            this.out = new FileOutputStream(file.toFile());
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /**
     * @param message is copied
     * @throws SpoolException if it can't be written
     */
    public void append(ByteSlice message) {
        checksum.reset();
        checksum.update(message.array(), message.offset(), message.length());
        try {
            if (buffered + HEADER > BUFFER) {
                flush();
            }
            putInt(message.length());
            putInt((int) checksum.getValue());
            put(message);
        } catch (IOException e) {
            throw unwritable(e);
        }
        bytes += HEADER + message.length();
        messages++;
    }

    private void putInt(int value) {
        buffer[buffered++] = (byte) (value >>> 24);
        buffer[buffered++] = (byte) (value >>> 16);
        buffer[buffered++] = (byte) (value >>> 8);
        buffer[buffered++] = (byte) value;
    }

    private void put(ByteSlice message) throws IOException {
        if (buffered + message.length() > BUFFER) {
            flush();
        }
        if (message.length() > BUFFER) {
            out.write(message.array(), message.offset(), message.length());
        } else {
            System.arraycopy(message.array(), message.offset(), buffer, buffered, message.length());
            buffered += message.length();
        }
    }

    private void flush() throws IOException {
        out.write(buffer, 0, buffered);
        buffered = 0;
    }

    /**
     * Nothing more is appended.
     *
     * @param end of the transaction's commit record
     * @throws SpoolException if the rest can't be written
     */
    public void end(Lsn end) {
        try {
            flush();
            out.close();
        } catch (IOException e) {
            throw unwritable(e);
        }
        endLsn = end;
    }

    boolean endsBefore(Lsn lsn) {
        return endLsn.isValid() && !endLsn.isAfter(lsn);
    }

    /** How many messages there are. */
    public long messages() {
        return messages;
    }

    /**
     * A reader before the first message. After {@link #end}.
     *
     * @throws SpoolException if the file can't be opened
     * @throws IllegalStateException if it is deleted, as the transaction was confirmed or the source stopped
     */
    public MessageLogReader reader() {
        if (deleted) {
            throw new IllegalStateException("the changes of transaction " + xid
                    + " are not there any more: it was confirmed, or the source has stopped");
        }
        return new MessageLogReader(file, xid, bytes, messages);
    }

    void delete() {
        deleted = true;
        try {
            out.close();
        } catch (IOException e) {
            // What was to be written is not needed.
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw failure("can't be deleted", null, e);
        }
    }

    private SpoolException unwritable(IOException cause) {
        return failure(
                "can't be written",
                "Give it room: a larger disk, another temp_dir, or a larger max_transaction_memory. The transaction comes"
                        + " again, whole, when the source is started.",
                cause);
    }

    private SpoolException failure(String what, @Nullable String remedy, IOException cause) {
        return new SpoolException(
                "the file " + file + " for transaction " + xid + " " + what + " (" + bytes + " bytes so far): "
                        + cause.getMessage(),
                remedy,
                cause);
    }
}
