// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A buffered stream that knows how many of the bytes it was given the operating system has taken: only what was taken
 * counts as printed. Used by several printers, each of which holds the monitor of this object while it prints an event.
 *
 * <p>After a failure nothing more is written.
 */
public final class CountedOutput extends OutputStream {
    private static final int CAPACITY = 65_536;
    private static final Path STANDARD_OUTPUT = Path.of("/dev/fd/1");
    // The kinds of file in the mode that stat() gives, see inode(7).
    private static final int FILE_KIND = 0xF000;
    private static final int PIPE = 0x1000;
    private static final int SOCKET = 0xC000;

    private final OutputStream target;
    private final boolean hasReader;
    private final byte[] buffer = new byte[CAPACITY];
    private int buffered;
    private long written;
    private Optional<IOException> failure = Optional.empty();

    public CountedOutput(OutputStream target) {
        this(target, false);
    }

    /**
     * @param hasReader whether {@code target} is a pipe or a socket: a write fails there when its reader has gone, and the
     *     text of the error cannot be relied on, as it is in the user's language
     */
    CountedOutput(OutputStream target, boolean hasReader) {
        this.target = target;
        this.hasReader = hasReader;
    }

    /** Standard output itself: {@link System#out} would swallow errors. */
    public static CountedOutput standardOutput() {
        return new CountedOutput(new FileOutputStream(FileDescriptor.out), hasReader(STANDARD_OUTPUT));
    }

    static boolean hasReader(Path file) {
        try {
            int kind = (int) Files.getAttribute(file, "unix:mode") & FILE_KIND;
            return kind == PIPE || kind == SOCKET;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false; // then each failure is told with its text
        }
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
            throw failure.get();
        }
        if (buffered == 0) {
            return;
        }
        try {
            target.write(buffer, 0, buffered);
        } catch (IOException e) {
            // How much of it was taken is not known.
            failure = Optional.of(hasReader ? new OutputClosedException(e) : e);
            throw failure.get();
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
