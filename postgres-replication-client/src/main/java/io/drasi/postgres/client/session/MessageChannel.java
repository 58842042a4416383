// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.Transport;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessageDecoder;
import io.drasi.postgres.protocol.frame.FrameReader;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteWriter;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Cuts received bytes into messages and writes messages. One thread receives; any thread may send, wake the receiver up,
 * or abort.
 *
 * <p>All messages are cut from one buffer that is used again: what a message borrows is valid until the next call of
 * {@link #next}. The buffer grows with the bytes that really arrive, so that a length alone, true or not, costs nothing.
 */
public final class MessageChannel {
    private static final int USUAL_CAPACITY = 64 * 1024;
    // The JDK copies through a native buffer as large as what it is asked to read.
    private static final int LARGEST_READ = 256 * 1024;
    private static final int GREATEST_CAPACITY = Integer.MAX_VALUE - 8;
    private static final int FILLS_BEFORE_SHRINKING = 1_000;
    private static final int HEADER_BYTES = 5;
    // What libpq takes for the length of an ErrorResponse during the login.
    private static final int SHORTEST_ERROR = 8;
    private static final int LONGEST_ERROR = 30_000;

    private final Transport transport;
    private final String server;
    private final ByteCursor body = new ByteCursor();
    private FrameReader frames;
    private ByteBuffer buffer = ByteBuffer.allocate(USUAL_CAPACITY);
    // Bytes received and not yet handed out.
    private int start;
    private int end;
    private int fillsSinceLargeFrame;
    private byte type;
    private long lastReceivedNanos = System.nanoTime();
    private volatile boolean aborted;

    /** @param server for messages: where the transport leads to */
    public MessageChannel(Transport transport, String server, int maxFrameLength) {
        this.transport = transport;
        this.server = server;
        this.frames = new FrameReader(maxFrameLength);
    }

    /** Changes the bound for messages from the next one on. */
    public void limitFrames(int maxFrameLength) {
        frames = new FrameReader(maxFrameLength);
    }

    /**
     * Looks whether the next that comes is an error as before protocol 3.0: {@code E}, a text and a zero byte, without a
     * length. A server that cannot even start a process for a client still says so in that form.
     *
     * @return the text, as far as it comes until the deadline; empty if it is a message, or nothing comes
     * @throws ConnectionLostException if the connection ends before either
     */
    public Optional<String> unframedError(Deadline deadline) {
        while (end - start < HEADER_BYTES) {
            if (!fill(deadline)) {
                return Optional.empty();
            }
        }
        int length = buffer.getInt(start + 1);
        if (buffer.get(start) != 'E' || (length >= SHORTEST_ERROR && length <= LONGEST_ERROR)) {
            return Optional.empty();
        }
        int textLength = awaitZeroByte(deadline) - 1;
        return Optional.of(new String(buffer.array(), start + 1, textLength, StandardCharsets.UTF_8));
    }

    /** How many bytes from the next one on come before a zero byte, or before the end. */
    private int awaitZeroByte(Deadline deadline) {
        int count = 1;
        try {
            while (count <= LONGEST_ERROR
                    && (start + count < end || fill(deadline))
                    && buffer.get(start + count) != 0) {
                count++;
            }
        } catch (ConnectionLostException e) {
            // The server has said what it had to say.
        }
        return count;
    }

    /** True if the next message is in memory already. */
    public boolean hasBuffered() {
        try {
            return frames.next(buffer.array(), start, end);
        } catch (ProtocolException e) {
            transport.abort();
            throw e;
        }
    }

    /**
     * Moves to the next message.
     *
     * @return false if the deadline passed, or {@link #wakeup()} was called, before it was there as a whole
     * @throws ConnectionLostException if the connection ends or is aborted
     * @throws ProtocolException if the bytes are no message; the connection is closed then
     */
    public boolean next(Deadline deadline) {
        while (!hasBuffered()) {
            if (!fill(deadline)) {
                return false;
            }
        }
        type = frames.type();
        body.reset(buffer.array(), frames.bodyStart(), frames.bodyEnd());
        start = frames.bodyEnd();
        return true;
    }

    private boolean fill(Deadline deadline) {
        makeRoom();
        try {
            buffer.limit(Math.min(buffer.capacity(), end + LARGEST_READ)).position(end);
            int count = transport.read(buffer, deadline);
            if (count > 0) {
                end += count;
                lastReceivedNanos = System.nanoTime();
                return true;
            }
            if (count == 0) {
                return false;
            }
        } catch (IOException e) {
            throw lost(e);
        }
        transport.abort();
        throw new ConnectionLostException("the server at " + server + " closed the connection");
    }

    /** Only the beginning of one frame is left when more is needed, so moving it to the front is cheap. */
    private void makeRoom() {
        int left = end - start;
        int needed = frames.neededBytes();
        fillsSinceLargeFrame = needed > USUAL_CAPACITY ? 0 : fillsSinceLargeFrame + 1;
        int capacity = buffer.capacity();
        if (capacity > USUAL_CAPACITY && fillsSinceLargeFrame > FILLS_BEFORE_SHRINKING && left < USUAL_CAPACITY / 2) {
            capacity = USUAL_CAPACITY;
        } else if (capacity - left < Math.min(transport.minimumRoom(), GREATEST_CAPACITY - left)) {
            long most = Math.max((long) needed, left) + transport.minimumRoom();
            capacity = (int) Math.min(Math.min(2L * capacity, most), GREATEST_CAPACITY);
        }
        byte[] from = buffer.array();
        if (capacity != buffer.capacity()) {
            buffer = ByteBuffer.allocate(capacity);
        }
        if (start > 0 || buffer.array() != from) {
            System.arraycopy(from, start, buffer.array(), 0, left);
            start = 0;
            end = left;
        }
    }

    /** Type byte of the message that {@link #next} moved to. */
    public byte type() {
        return type;
    }

    /** Body of the message that {@link #next} moved to; the same cursor each time, borrowed. */
    public ByteCursor body() {
        return body;
    }

    /** The message that {@link #next} moved to. */
    public BackendMessage decode() {
        try {
            return BackendMessageDecoder.decode(type, body);
        } catch (ProtocolException e) {
            transport.abort();
            throw e;
        }
    }

    /** When bytes arrived last, on the scale of {@link System#nanoTime()}. For the receiving thread. */
    public long lastReceivedNanos() {
        return lastReceivedNanos;
    }

    /**
     * Writes a message as a whole.
     *
     * @throws ConnectionLostException if the connection is gone, or takes no data until the deadline
     */
    public void send(FrontendMessage message, Deadline deadline) {
        ByteWriter writer = new ByteWriter();
        message.encode(writer);
        try {
            transport.write(ByteBuffer.wrap(writer.array(), 0, writer.length()), deadline);
        } catch (IOException e) {
            throw lost(e);
        }
    }

    private ConnectionLostException lost(IOException cause) {
        transport.abort();
        if (aborted) {
            return new ConnectionLostException("the connection to " + server + " was closed on this side", cause);
        }
        if (cause instanceof ClosedByInterruptException) {
            return new ConnectionLostException(
                    "the thread that used the connection to " + server + " was interrupted", cause);
        }
        if (cause instanceof SocketTimeoutException) {
            return new ConnectionLostException("the server at " + server + " stopped reading what it is sent", cause);
        }
        return new ConnectionLostException("the connection to " + server + " broke: " + cause.getMessage(), cause);
    }

    /** Makes the {@link #next} that waits now, or else the next one that would wait, return false. */
    public void wakeup() {
        transport.wakeup();
    }

    /** Closes at once, from any thread; a blocked receiver or sender gets a {@link ConnectionLostException}. */
    public void abort() {
        aborted = true;
        transport.abort();
    }

    /** Closes and, where possible without waiting, tells the peer. */
    public void close() {
        aborted = true;
        transport.close();
    }

    /** Where this leads to, for messages. */
    public String server() {
        return server;
    }
}
