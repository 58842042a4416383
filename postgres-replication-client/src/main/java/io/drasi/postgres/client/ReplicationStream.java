// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.replication.StreamMessage;
import io.drasi.postgres.client.session.MessageChannel;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.WriteLock;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessage.CommandComplete;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyDone;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage.StandbyStatusUpdate;
import io.drasi.postgres.protocol.replication.ReplicationMessage;
import io.drasi.postgres.protocol.replication.ReplicationMessage.PrimaryKeepalive;
import io.drasi.postgres.protocol.replication.ReplicationMessage.XLogData;
import io.drasi.postgres.protocol.replication.ReplicationMessageDecoder;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;

/**
 * A connection in CopyBoth mode (PostgreSQL documentation, "Streaming Replication Protocol"). One thread reads and
 * finishes; {@link #sendStatus}, {@link #wakeup} and {@link #abort} are for any thread.
 *
 * <p>A server that falls silent is asked for a sign of life after half of the peer timeout; if none comes until its end,
 * the connection counts as lost. Only the time in which the reader waits counts.
 */
public final class ReplicationStream implements AutoCloseable {
    private static final StreamMessage IDLE = new StreamMessage.Idle();
    private static final Instant EARLIEST = PgTimestamp.toInstant(Long.MIN_VALUE);
    private static final Instant LATEST = PgTimestamp.toInstant(Long.MAX_VALUE);

    private final Session session;
    private final MessageChannel channel;
    private final long peerTimeoutNanos;
    private final Queue<ServerMessage> earlyNotices;
    private final WriteLock sending = new WriteLock();
    // Both guarded by sending.
    private Status lastStatus = new Status(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID);
    private boolean finished;
    // What the channel returns doesn't tell a wakeup from an alarm that comes at the same moment.
    private volatile boolean wakeupRequested;
    // All below belong to the reader.
    private Optional<StreamMessage.Ended> ended = Optional.empty();
    private boolean probed;
    private long probedNanos;

    private record Status(Lsn written, Lsn flushed, Lsn applied) {}

    ReplicationStream(Session session, List<ServerMessage> earlyNotices) {
        this.session = session;
        this.channel = session.channel();
        this.peerTimeoutNanos = Deadline.nanos(session.settings().peerTimeout());
        this.earlyNotices = new ArrayDeque<>(earlyNotices);
    }

    /**
     * Waits for the next message.
     *
     * @param timeout after which the result is {@link StreamMessage.Idle}; zero looks without waiting
     * @throws io.drasi.postgres.client.error.ServerErrorException for an ErrorResponse; the stream is over
     * @throws ConnectionLostException if the connection ends, or the server is silent for the peer timeout
     * @throws ProtocolException for bytes that are no message of a stream; the connection is closed
     */
    public StreamMessage read(Duration timeout) {
        if (!earlyNotices.isEmpty()) {
            return new StreamMessage.Notice(earlyNotices.remove());
        }
        if (ended.isPresent()) {
            return ended.get();
        }
        // Without this look a clock would be read and a deadline made for every message.
        if (channel.hasBuffered()) {
            channel.next(Deadline.never());
        } else if (!await(Deadline.after(timeout))) {
            return IDLE;
        }
        return current();
    }

    private boolean await(Deadline deadline) {
        while (true) {
            long alarm = nextAlarm();
            boolean alarmFirst = alarm - deadline.nanoTime() < 0;
            Deadline until = alarmFirst ? new Deadline(alarm, true) : deadline;
            if (channel.next(until)) {
                probed = false;
                return true;
            }
            if (wakeupRequested || !alarmFirst || !until.passed()) {
                wakeupRequested = false;
                return false;
            }
            checkPeer();
        }
    }

    /** When to ask the server for a sign of life, or having asked, when to give it up. */
    private long nextAlarm() {
        long half = peerTimeoutNanos / 2;
        return probed && probedNanos - channel.lastReceivedNanos() >= 0
                ? probedNanos + (peerTimeoutNanos - half)
                : channel.lastReceivedNanos() + half;
    }

    private void checkPeer() {
        if (probed && probedNanos - channel.lastReceivedNanos() >= 0) {
            channel.abort();
            throw new ConnectionLostException("the server at " + session.where()
                    + " has been silent for " + session.settings().peerTimeout()
                    + " and did not answer when it was asked for a sign of life");
        }
        probed = true;
        probedNanos = System.nanoTime();
        repeatStatus();
    }

    private StreamMessage current() {
        if (channel.type() == 'd') {
            return streamed();
        }
        BackendMessage message = channel.decode();
        if (message instanceof NoticeResponse notice) {
            return new StreamMessage.Notice(notice.message());
        }
        if (message instanceof ErrorResponse error) {
            channel.abort();
            throw session.serverError("replication stream", error.message());
        }
        if (message instanceof CommandComplete complete) {
            return end("the server ended the stream: " + complete.tag());
        }
        if (message instanceof CopyDone) {
            return end("the server ended the stream");
        }
        if (session.absorb(message)) {
            return IDLE;
        }
        channel.abort();
        throw new ProtocolException("unexpected message in a replication stream: " + message, 0);
    }

    private StreamMessage streamed() {
        try {
            ReplicationMessage message = ReplicationMessageDecoder.decode(channel.body());
            return message instanceof XLogData data
                    ? new StreamMessage.Data(data)
                    : new StreamMessage.Keepalive((PrimaryKeepalive) message);
        } catch (ProtocolException e) {
            channel.abort();
            throw e;
        }
    }

    private StreamMessage end(String reason) {
        ended = Optional.of(new StreamMessage.Ended(reason));
        return ended.get();
    }

    /** True if the next message is in memory already, so that a read of it waits for nothing. For the reading thread. */
    public boolean hasBuffered() {
        return !earlyNotices.isEmpty() || channel.hasBuffered();
    }

    /**
     * Sends a standby status update. Does nothing after {@link #finish}.
     *
     * @param written up to where the stream was received, exclusive; the same for the others
     * @param flushed up to where the server need not keep WAL, nor send it again
     * @param replyRequested asks the server for a keepalive at once
     * @throws ConnectionLostException if the connection is gone, or the server takes no data for the peer timeout
     */
    public void sendStatus(Lsn written, Lsn flushed, Lsn applied, boolean replyRequested) {
        send(new Status(written, flushed, applied), replyRequested);
    }

    /** Confirms nothing new; asks for a keepalive. */
    private void repeatStatus() {
        sending.lock();
        try {
            send(lastStatus, true);
        } finally {
            sending.unlock();
        }
    }

    private void send(Status status, boolean replyRequested) {
        sending.lock();
        try {
            if (!finished) {
                lastStatus = status;
                session.send(new StandbyStatusUpdate(
                        status.written(), status.flushed(), status.applied(), now(), replyRequested));
            }
        } finally {
            sending.unlock();
        }
    }

    /** A clock that is far off must not end the stream. */
    private long now() {
        Instant now = session.settings().clock().instant();
        return PgTimestamp.fromInstant(now.isBefore(EARLIEST) ? EARLIEST : now.isAfter(LATEST) ? LATEST : now);
    }

    /** Makes the read that waits now, or else the next one that would wait, return {@link StreamMessage.Idle}. */
    public void wakeup() {
        wakeupRequested = true;
        channel.wakeup();
    }

    /**
     * Ends the stream in order: tells the server, and reads and drops what it still sends until it is done. A server in
     * the middle of a large transaction sends that first; when the timeout has passed, or the connection ends before, this
     * returns all the same. What is left is to {@link #close()}. For the reading thread.
     */
    public void finish(Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        try {
            sendCopyDone(deadline);
            boolean over = ended.isPresent();
            while (!over && !deadline.passed()) {
                over = channel.next(deadline) && (channel.type() == 'Z' || channel.type() == 'E');
            }
        } catch (ConnectionLostException e) {
            // The server was faster: it is the end that was asked for.
        }
    }

    private void sendCopyDone(Deadline deadline) {
        if (!sending.tryLock(deadline)) {
            // A status that the server does not take is in the way: it would not take this either.
            return;
        }
        try {
            if (!finished) {
                finished = true;
                channel.send(new FrontendMessage.CopyDone(), deadline);
            }
        } finally {
            sending.unlock();
        }
    }

    /** Closes the socket at once. A read or send that is under way ends with {@link ConnectionLostException}. */
    public void abort() {
        session.abort();
    }

    /** Closes the connection. May be called repeatedly. */
    @Override
    public void close() {
        session.close();
    }
}
