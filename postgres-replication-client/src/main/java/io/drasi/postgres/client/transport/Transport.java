// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.transport;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A connected byte stream. One thread reads; any thread may write, wake the reader up, or abort. An interrupt ends an
 * operation as {@link #abort()} does and leaves the thread interrupted.
 */
public interface Transport {
    /**
     * Reads what is there, at least one byte unless the deadline passes. Even with a deadline in the past it looks once.
     *
     * @param target with room for {@link #minimumRoom()} bytes at least
     * @return bytes read; 0 if the deadline passed or {@link #wakeup()} was called; -1 at the end of the stream
     */
    int read(ByteBuffer target, Deadline deadline) throws IOException;

    /**
     * Writes all of {@code source} in one piece: no other writer's bytes come in between.
     *
     * @throws java.net.SocketTimeoutException if the deadline passes; the connection is of no use then
     */
    void write(ByteBuffer source, Deadline deadline) throws IOException;

    /** Room that {@link #read} needs. */
    int minimumRoom();

    /** Makes the read that waits now, or else the next one that would wait, return 0. */
    void wakeup();

    /** Closes at once. Whoever is blocked in a read or write gets an IOException. May be called repeatedly. */
    void abort();

    /** Takes leave of the peer as far as that is possible without waiting, then closes. */
    void close();
}
