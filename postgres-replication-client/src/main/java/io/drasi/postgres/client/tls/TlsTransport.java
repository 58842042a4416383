// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.postgres.client.transport.Transport;
import io.drasi.postgres.client.transport.WriteLock;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * TLS on a socket. One thread unwraps while another wraps; the engine allows that. What the peer wants to have answered
 * after the handshake (a key update) is written by the reader, or by the next writer if one is at work.
 */
public final class TlsTransport implements Transport {
    private static final int RECEIVE_BYTES = 128 * 1024;
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration NO_TIME = Duration.ZERO;

    private final SocketTransport socket;
    private final SSLEngine engine;
    private final WriteLock writing = new WriteLock();
    // Records received and not yet unwrapped, between position and limit.
    private final ByteBuffer received;
    private ByteBuffer wrapped;
    private volatile int applicationBytes;

    private TlsTransport(SocketTransport socket, SSLEngine engine) {
        this.socket = socket;
        this.engine = engine;
        int packet = engine.getSession().getPacketBufferSize();
        this.received = ByteBuffer.allocate(Math.max(RECEIVE_BYTES, 2 * packet)).limit(0);
        this.wrapped = ByteBuffer.allocate(packet);
        this.applicationBytes = engine.getSession().getApplicationBufferSize();
    }

    /**
     * Shakes hands as a client. If that fails, the peer is told and the socket is closed.
     *
     * @param engine in client mode, not yet used
     */
    static TlsTransport handshake(SocketTransport socket, SSLEngine engine, Deadline deadline) throws IOException {
        TlsTransport transport = new TlsTransport(socket, engine);
        try {
            transport.handshake(deadline);
            return transport;
        } catch (IOException | RuntimeException | Error e) {
            transport.close();
            throw e;
        }
    }

    private void handshake(Deadline deadline) throws IOException {
        engine.beginHandshake();
        while (true) {
            if (deadline.passed()) {
                throw new SocketTimeoutException("the TLS handshake takes too long");
            }
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> wrapAndSend(ByteBuffer.allocate(0), deadline);
                case NEED_TASK -> runTasks();
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrapHandshake(deadline);
                case FINISHED, NOT_HANDSHAKING -> {
                    applicationBytes = engine.getSession().getApplicationBufferSize();
                    return;
                }
            }
        }
    }

    private void unwrapHandshake(Deadline deadline) throws IOException {
        SSLEngineResult result = engine.unwrap(received, ByteBuffer.allocate(applicationBytes));
        if (result.bytesProduced() > 0) {
            throw new SSLException("the server sent data before the TLS handshake was over");
        }
        switch (result.getStatus()) {
            case BUFFER_UNDERFLOW -> {
                int count = receive(deadline);
                if (count < 0) {
                    throw new EOFException("the server closed it");
                }
                if (count == 0) {
                    throw new SocketTimeoutException("no answer in the TLS handshake");
                }
            }
            case CLOSED -> throw new EOFException("the server ended TLS");
            case BUFFER_OVERFLOW -> throw new SSLException("a TLS record larger than the engine announced");
            case OK -> {}
        }
    }

    @Override
    public int read(ByteBuffer target, Deadline deadline) throws IOException {
        int before = target.position();
        while (true) {
            SSLEngineResult result = engine.unwrap(received, target);
            int produced = target.position() - before;
            switch (result.getStatus()) {
                case OK -> {
                    serve(result.getHandshakeStatus());
                    if (produced > 0 && (!received.hasRemaining() || target.remaining() < applicationBytes)) {
                        return produced;
                    }
                }
                case BUFFER_UNDERFLOW -> {
                    if (produced > 0) {
                        return produced;
                    }
                    int count = receive(deadline);
                    if (count <= 0) {
                        return count;
                    }
                }
                case BUFFER_OVERFLOW -> {
                    if (produced > 0) {
                        return produced;
                    }
                    throw new SSLException("no room for a TLS record: " + target.remaining() + " bytes");
                }
                case CLOSED -> {
                    return produced > 0 ? produced : -1;
                }
            }
        }
    }

    private int receive(Deadline deadline) throws IOException {
        received.compact();
        try {
            return socket.read(received, deadline);
        } finally {
            received.flip();
        }
    }

    /** What the handshake layer wants after an unwrap: tickets and key updates come at any time. */
    private void serve(HandshakeStatus status) throws IOException {
        if (status == HandshakeStatus.NEED_TASK) {
            runTasks();
        }
        if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && writing.tryLock()) {
            try {
                // A writer that had the lock until now may have answered already.
                if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                    wrapAndSend(ByteBuffer.allocate(0), Deadline.after(ANSWER_TIMEOUT));
                }
            } finally {
                writing.unlock();
            }
        }
    }

    @Override
    public void write(ByteBuffer source, Deadline deadline) throws IOException {
        writing.lock(deadline);
        try {
            do {
                wrapAndSend(source, deadline);
            } while (source.hasRemaining() || engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP);
        } finally {
            writing.unlock();
        }
    }

    private void wrapAndSend(ByteBuffer source, Deadline deadline) throws IOException {
        wrapped.clear();
        SSLEngineResult result = engine.wrap(source, wrapped);
        switch (result.getStatus()) {
            case BUFFER_OVERFLOW ->
                wrapped = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
            case CLOSED -> throw new EOFException("TLS was ended");
            case BUFFER_UNDERFLOW -> throw new SSLException("the TLS engine takes no data");
            case OK -> {
                wrapped.flip();
                socket.write(wrapped, deadline);
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    runTasks();
                } else if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                    throw new SSLException("the server wants to renegotiate TLS, which is not supported");
                }
            }
        }
    }

    private void runTasks() {
        Runnable task = engine.getDelegatedTask();
        while (task != null) {
            task.run();
            task = engine.getDelegatedTask();
        }
    }

    /** The certificate that the server proved to have the key of. */
    X509Certificate serverCertificate() throws SSLPeerUnverifiedException {
        return (X509Certificate) engine.getSession().getPeerCertificates()[0];
    }

    /** For example {@code TLSv1.3, TLS_AES_256_GCM_SHA384}. */
    public String description() {
        return engine.getSession().getProtocol() + ", " + engine.getSession().getCipherSuite();
    }

    @Override
    public int minimumRoom() {
        return applicationBytes;
    }

    @Override
    public void wakeup() {
        socket.wakeup();
    }

    @Override
    public void abort() {
        socket.abort();
    }

    @Override
    public void close() {
        // A writer that is stuck would not be helped by our waiting for it.
        if (writing.tryLock()) {
            try {
                sendLastRecords();
            } catch (IOException e) {
                // The peer may be gone already, or take no data: then nobody is left to take leave of.
            } finally {
                writing.unlock();
            }
        }
        socket.abort();
    }

    /** An alert if the handshake failed, else close_notify. */
    private void sendLastRecords() throws IOException {
        engine.closeOutbound();
        while (!engine.isOutboundDone()) {
            wrapped.clear();
            SSLEngineResult result = engine.wrap(ByteBuffer.allocate(0), wrapped);
            wrapped.flip();
            if (!wrapped.hasRemaining()) {
                return;
            }
            socket.write(wrapped, Deadline.after(NO_TIME));
            if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                return;
            }
        }
    }
}
