// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.transport;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/**
 * A non-blocking socket with one selector for the reader and one for writers, so that neither waits for the other and
 * both have deadlines.
 */
public final class SocketTransport implements Transport {
    // A dead host is noticed after 60 s + 3 * 10 s without any traffic, where nothing else bounds the silence. Not
    // while it
    // owes an acknowledgement for bytes that were sent: then TCP repeats those, on Linux for about a quarter of an
    // hour.
    private static final int KEEPALIVE_IDLE_SECONDS = 60;
    private static final int KEEPALIVE_INTERVAL_SECONDS = 10;
    private static final int KEEPALIVE_COUNT = 3;

    private final SocketChannel channel;
    private final Selector readSelector;
    private final Selector writeSelector;
    private final WriteLock writing = new WriteLock();
    private volatile boolean wakeupRequested;
    private volatile boolean closed;

    private SocketTransport(SocketChannel channel, Selector readSelector, Selector writeSelector) {
        this.channel = channel;
        this.readSelector = readSelector;
        this.writeSelector = writeSelector;
    }

    /**
     * Connects to a TCP or Unix socket.
     *
     * @throws SocketTimeoutException if the deadline passes
     */
    public static SocketTransport connect(SocketAddress address, Deadline deadline) throws IOException {
        SocketTransport transport = open(address);
        try {
            transport.connectChannel(address, deadline);
            return transport;
        } catch (IOException | RuntimeException | Error e) {
            transport.abort();
            throw e;
        }
    }

    private static SocketTransport open(SocketAddress address) throws IOException {
        SocketChannel channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        try {
            channel.configureBlocking(false);
            return withSelectors(channel);
        } catch (IOException | RuntimeException | Error e) {
            closeIgnoringErrors(channel);
            throw e;
        }
    }

    private static SocketTransport withSelectors(SocketChannel channel) throws IOException {
        Selector readSelector = Selector.open();
        try {
            return new SocketTransport(channel, readSelector, Selector.open());
        } catch (IOException | RuntimeException | Error e) {
            closeIgnoringErrors(readSelector);
            throw e;
        }
    }

    private void connectChannel(SocketAddress address, Deadline deadline) throws IOException {
        if (!(address instanceof UnixDomainSocketAddress)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            setIfSupported(ExtendedSocketOptions.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
            setIfSupported(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEPALIVE_INTERVAL_SECONDS);
            setIfSupported(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEPALIVE_COUNT);
        }
        SelectionKey writeKey = channel.register(writeSelector, SelectionKey.OP_CONNECT);
        boolean connected = channel.connect(address);
        while (!connected) {
            if (deadline.passed()) {
                throw new SocketTimeoutException("connection attempt timed out");
            }
            await(writeSelector, deadline);
            connected = channel.finishConnect();
        }
        writeKey.interestOps(SelectionKey.OP_WRITE);
        channel.register(readSelector, SelectionKey.OP_READ);
    }

    private void setIfSupported(SocketOption<Integer> option, int value) throws IOException {
        if (channel.supportedOptions().contains(option)) {
            channel.setOption(option, value);
        }
    }

    @Override
    public int read(ByteBuffer target, Deadline deadline) throws IOException {
        while (true) {
            int count = channel.read(target);
            if (count != 0) {
                return count;
            }
            if (wakeupRequested) {
                wakeupRequested = false;
                return 0;
            }
            if (deadline.passed()) {
                return 0;
            }
            await(readSelector, deadline);
        }
    }

    @Override
    public void write(ByteBuffer source, Deadline deadline) throws IOException {
        writing.lock(deadline);
        try {
            while (source.hasRemaining()) {
                if (channel.write(source) == 0) {
                    if (deadline.passed()) {
                        throw new SocketTimeoutException("the peer takes no data");
                    }
                    await(writeSelector, deadline);
                }
            }
        } finally {
            writing.unlock();
        }
    }

    private void await(Selector selector, Deadline deadline) throws IOException {
        try {
            if (deadline.bounded()) {
                selector.select(deadline.selectMillis());
            } else {
                selector.select();
            }
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException e) {
            throw closedMeanwhile(e);
        }
        if (closed) {
            throw new AsynchronousCloseException();
        }
        if (Thread.currentThread().isInterrupted()) {
            // A selector never waits on an interrupted thread; going on would spin.
            abort();
            throw new ClosedByInterruptException();
        }
    }

    private static AsynchronousCloseException closedMeanwhile(ClosedSelectorException cause) {
        AsynchronousCloseException exception = new AsynchronousCloseException();
        exception.initCause(cause);
        return exception;
    }

    @Override
    public int minimumRoom() {
        return 1;
    }

    @Override
    public void wakeup() {
        wakeupRequested = true;
        readSelector.wakeup();
    }

    @Override
    public void abort() {
        closed = true;
        closeIgnoringErrors(channel);
        // The descriptor is released only when both selectors have let go of it.
        closeIgnoringErrors(readSelector);
        closeIgnoringErrors(writeSelector);
    }

    private static void closeIgnoringErrors(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // The connection is given up; that its end failed too changes nothing for anybody.
        }
    }

    @Override
    public void close() {
        abort();
    }
}
