// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/**
 * Messages of one transaction, in order, in a file: each with its length and a checksum before it, 32 bits, big-endian.
 * Written by one thread, until it is {@linkplain #end ended}; then read by any, each with a {@link MessageLogReader} of its own.
 */
public final class MessageLog {
    static final int HEADER = 2 * Integer.BYTES;
    private static final int BUFFER = 1 << 16;

    private final Spool spool;
    private final Path path;
    private final long xid;
    /** Not a channel: an interrupt of a thread that reads would close that. */
    private final RandomAccessFile file;

    private final byte[] buffer = new byte[BUFFER];
    private final CRC32C checksum = new CRC32C();
    private int buffered;
    private long bytes;
    private long messages;
    /** For other threads, which may look while it is being written. */
    private final AtomicLong written = new AtomicLong();
    /** Those who may still want to read it; the one who made it is the first. */
    private final AtomicInteger holders = new AtomicInteger(1);

    private volatile boolean dropped;

    MessageLog(Spool spool, Path path, long xid) {
        this.spool = spool;
        this.path = path;
        this.xid = xid;
        try {
            this.file = new RandomAccessFile(path.toFile(), "rw");
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
            file.write(message.array(), message.offset(), message.length());
            written.addAndGet(message.length());
        } else {
            System.arraycopy(message.array(), message.offset(), buffer, buffered, message.length());
            buffered += message.length();
        }
    }

    private void flush() throws IOException {
        file.write(buffer, 0, buffered);
        written.addAndGet(buffered);
        buffered = 0;
    }

    /**
     * Nothing more is appended.
     *
     * @throws SpoolException if the rest can't be written
     */
    public void end() {
        try {
            flush();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Somebody more may want to read it. By one who holds it. */
    public void retain() {
        holders.incrementAndGet();
    }

    /** One less may want to read it: after the last one its file is deleted. */
    public void release() {
        if (holders.decrementAndGet() == 0) {
            spool.drop(this);
        }
    }

    Path path() {
        return path;
    }

    long xid() {
        return xid;
    }

    /** How many messages there are. */
    public long messages() {
        return messages;
    }

    /** How many bytes are in the file. For any thread. */
    long written() {
        return written.get();
    }

    /** How long the file is, or is to be. */
    long bytes() {
        return bytes;
    }

    /**
     * A reader that stands there. After {@link #end}.
     *
     * @throws IllegalStateException if nobody holds it any more
     */
    public MessageLogReader reader(MessageLogReader.Place from) {
        requireThere();
        return new MessageLogReader(this, from);
    }

    /** Reads up to {@code length} bytes from a place of the file on; -1: it ends there. */
    int read(long place, byte[] target, int length) throws IOException {
        synchronized (file) {
            requireThere();
            file.seek(place);
            return file.read(target, 0, length);
        }
    }

    private void requireThere() {
        if (dropped) {
            throw new IllegalStateException("the changes of transaction " + xid
                    + " are not there any more: each subscription that was given it has confirmed it or was closed");
        }
    }

    /** Nobody needs it any more. */
    void drop() throws IOException {
        synchronized (file) {
            dropped = true;
            file.close();
        }
        unlink();
    }

    /** The file goes; who has the transaction can read it until they let go of it. */
    void unlink() throws IOException {
        Files.deleteIfExists(path);
    }

    private SpoolException unwritable(IOException cause) {
        return new SpoolException(
                "the file " + path + " for transaction " + xid + " can't be written (" + bytes + " bytes so far): "
                        + cause.getMessage(),
                "Give it room: a larger disk, another temp_dir, or a larger max_transaction_memory. The transaction comes"
                        + " again, whole, when the source is started.",
                cause);
    }
}
