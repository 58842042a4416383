// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * A buffered stream that knows how many of the bytes it was given the operating system has taken: only what was taken
 * counts as printed. Used by several printers, each of which holds the monitor of this object while it prints an event.
 *
 * <p>After a failure nothing more is written.
 */
public final class CountedOutput extends OutputStream {
    private static final int CAPACITY = 65_536;

    private final OutputStream target;
    private final byte[] buffer = new byte[CAPACITY];
    private int buffered;
    private long written;
    private Optional<String> failure = Optional.empty();

    public CountedOutput(OutputStream target) {
        this.target = target;
    }

    /** Standard output itself: {@link System#out} would swallow errors. */
    public static CountedOutput standardOutput() {
        return new CountedOutput(new FileOutputStream(FileDescriptor.out));
    }

    @Override
    public synchronized void write(int octet) throws IOException {
        if (buffered == CAPACITY) {
            flush();
        }
        buffer[buffered++] = (byte) octet;
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        int position = offset;
        int left = length;
        while (left > CAPACITY - buffered) {
            int part = CAPACITY - buffered;
            System.arraycopy(bytes, position, buffer, buffered, part);
            buffered += part;
            position += part;
            left -= part;
            flush();
        }
        System.arraycopy(bytes, position, buffer, buffered, left);
        buffered += left;
    }

    /** Gives everything to the operating system, waiting until it has taken it. */
    @Override
    public synchronized void flush() throws IOException {
        if (failure.isPresent()) {
            throw new IOException(failure.get());
        }
        if (buffered == 0) {
            return;
        }
        try {
            target.write(buffer, 0, buffered);
        } catch (IOException e) {
            // How much of it was taken is not known.
            failure = Optional.of(String.valueOf(e.getMessage()));
            throw e;
        }
        written += buffered;
        buffered = 0;
    }

    /** The number of bytes that this stream was given. */
    public synchronized long accepted() {
        return written + buffered;
    }

    /** The number of bytes, from the first one on, that the operating system has taken. */
    public synchronized long written() {
        return written;
    }
}
