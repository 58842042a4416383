// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import io.drasi.testkit.Fault.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A connection through a {@link FaultyProxy}: two sockets, and a thread for each direction. */
final class ProxiedConnection {
    private static final int BUFFER = 16 * 1024;
    /** A throttled connection passes pieces at this rate. */
    private static final int PIECES_PER_SECOND = 100;

    private final FaultyProxy proxy;
    private final int number;
    private final Socket client;
    private final Socket server;
    // All below are guarded by this.
    private final Set<Direction> frozen = EnumSet.noneOf(Direction.class);
    private Duration delay = Duration.ZERO;
    private int bytesPerSecond = Integer.MAX_VALUE;
    private int segment = BUFFER;
    private boolean cut;
    private boolean over;
    private int running = Direction.values().length;

    ProxiedConnection(FaultyProxy proxy, int number, Socket client, Socket server) throws IOException {
        this.proxy = proxy;
        this.number = number;
        this.client = client;
        this.server = server;
        // Otherwise the kernel would put segments together again.
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
    }

    int number() {
        return number;
    }

    void start() {
        for (Direction direction : Direction.values()) {
            FakeWalsender.startThread("faulty proxy " + number + " " + direction, () -> run(direction));
        }
    }

    private Socket from(Direction direction) {
        return direction == Direction.TO_SERVER ? client : server;
    }

    private Socket to(Direction direction) {
        return direction == Direction.TO_SERVER ? server : client;
    }

    private void run(Direction direction) {
        try {
            pass(direction);
        } catch (IOException e) {
            // One side is gone: the other one learns of it.
            reset();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        } finally {
            end();
        }
    }

    private void pass(Direction direction) throws IOException, InterruptedException {
        byte[] buffer = new byte[BUFFER];
        InputStream in = from(direction).getInputStream();
        OutputStream out = to(direction).getOutputStream();
        for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
            for (int done = 0; done < length && awaitPassage(direction); ) {
                int piece = awaitPiece(length - done);
                FaultyProxy.Passage passage = proxy.passage(this, direction, piece);
                write(out, buffer, done, passage.length());
                done += passage.length();
                passage.then().ifPresent(this::suffer);
            }
        }
        if (awaitPassage(direction)) {
            to(direction).shutdownOutput();
        }
    }

    /** A write that a cut meets fails, and is dropped like those after it. */
    private void write(OutputStream out, byte[] buffer, int start, int length) throws IOException {
        try {
            out.write(buffer, start, length);
        } catch (IOException e) {
            if (!isCut()) {
                throw e;
            }
        }
    }

    private synchronized boolean isCut() {
        return cut;
    }

    /** Waits while the direction is frozen; false if what is read now is to be dropped. */
    private synchronized boolean awaitPassage(Direction direction) throws IOException, InterruptedException {
        while (frozen.contains(direction) && !over) {
            wait();
        }
        if (over) {
            throw new IOException("the connection was ended");
        }
        return !cut;
    }

    /** Waits as long as the next piece has to, and tells how many bytes it may have. */
    private synchronized int awaitPiece(int most) throws InterruptedException {
        int piece = Math.min(most, segment);
        long nanos = delay.toNanos();
        if (bytesPerSecond < Integer.MAX_VALUE) {
            piece = Math.min(piece, Math.max(1, bytesPerSecond / PIECES_PER_SECOND));
            nanos += TimeUnit.SECONDS.toNanos(piece) / bytesPerSecond;
        }
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !over; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return piece;
    }

    synchronized void suffer(Fault fault) {
        if (fault instanceof Fault.Cut) {
            cut();
        } else if (fault instanceof Fault.Reset) {
            reset();
        } else if (fault instanceof Fault.Freeze freeze) {
            frozen.addAll(freeze.directions());
        } else if (fault instanceof Fault.Delay slow) {
            delay = slow.duration();
        } else if (fault instanceof Fault.Throttle throttle) {
            bytesPerSecond = throttle.bytesPerSecond();
        } else if (fault instanceof Fault.Segment small) {
            segment = small.bytes();
        }
    }

    synchronized void heal() {
        frozen.clear();
        delay = Duration.ZERO;
        bytesPerSecond = Integer.MAX_VALUE;
        segment = BUFFER;
        notifyAll();
    }

    /** What the two still send is read and dropped: a socket that is closed before would send a reset. */
    private void cut() {
        cut = true;
        for (Socket socket : List.of(client, server)) {
            try {
                socket.shutdownOutput();
            } catch (IOException e) {
                // Its other end is gone already.
            }
        }
        notifyAll();
    }

    synchronized void reset() {
        over = true;
        for (Socket socket : List.of(client, server)) {
            try {
                socket.setSoLinger(true, 0);
            } catch (IOException e) {
                // Closed already.
            }
        }
        closeBoth();
        notifyAll();
    }

    private void end() {
        boolean last;
        synchronized (this) {
            running--;
            last = running == 0;
            if (last) {
                closeBoth();
            }
        }
        if (last) {
            proxy.ended(this);
        }
    }

    private void closeBoth() {
        for (Socket socket : List.of(client, server)) {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
