// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Fault.Direction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultyProxyTest {
    private static final int PATIENCE_MILLIS = 20_000;
    /** Long enough for bytes on this host to arrive, if they came. */
    private static final int SILENCE_MILLIS = 50;

    private ServerSocket listener;
    private FaultyProxy proxy;

    /** The two ends of a connection through the proxy. */
    private record Line(Socket client, Socket server) implements AutoCloseable {
        void toServer(int... bytes) throws IOException {
            client.getOutputStream().write(Bytes.of(bytes));
        }

        void toClient(int... bytes) throws IOException {
            server.getOutputStream().write(Bytes.of(bytes));
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    @BeforeEach
    void startProxy() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        proxy = new FaultyProxy("127.0.0.1", listener.getLocalPort());
    }

    @AfterEach
    void stopProxy() throws IOException {
        proxy.close();
        listener.close();
    }

    private Line connect() throws IOException {
        Socket client = new Socket(proxy.host(), proxy.port());
        Socket server = listener.accept();
        client.setSoTimeout(PATIENCE_MILLIS);
        server.setSoTimeout(PATIENCE_MILLIS);
        return new Line(client, server);
    }

    private static byte[] read(Socket socket, int count) throws IOException {
        return socket.getInputStream().readNBytes(count);
    }

    private static void assertSilent(Socket socket) throws IOException {
        socket.setSoTimeout(SILENCE_MILLIS);
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
    }

    @Test
    void passesEverythingAndTheEnd() throws Exception {
        byte[] there = new byte[3_000_000];
        new Random(1).nextBytes(there);
        byte[] back = new byte[2_000_000];
        new Random(2).nextBytes(back);
        try (Line line = connect()) {
            CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
                try {
                    line.client().getOutputStream().write(there);
                    line.client().shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(line.server().getInputStream().readAllBytes()).isEqualTo(there);
            sending.join();
            CompletableFuture<Void> answering = CompletableFuture.runAsync(() -> {
                try {
                    line.server().getOutputStream().write(back);
                    line.server().close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(line.client().getInputStream().readAllBytes()).isEqualTo(back);
            answering.join();
        }
        assertThat(proxy.passed(Direction.TO_SERVER)).isEqualTo(there.length);
        assertThat(proxy.passed(Direction.TO_CLIENT)).isEqualTo(back.length);
        assertThat(proxy.struck()).isZero();
    }

    @Test
    void passesAResetOn() throws Exception {
        try (Line line = connect()) {
            line.server().setSoLinger(true, 0);
            line.server().close();
            assertReset(line.client());
        }
    }

    @Test
    void cutsBothWaysAfterExactlySoManyBytes() throws Exception {
        proxy.inflictOnNext(Direction.TO_CLIENT, 5, new Fault.Cut());
        try (Line line = connect()) {
            line.toServer(1, 2, 3, 4, 5, 6);
            assertThat(read(line.server(), 6)).hasSize(6);
            line.toClient(1, 2, 3);
            assertThat(read(line.client(), 3)).containsExactly(1, 2, 3);
            assertThat(proxy.struck()).isZero();
            line.toClient(4, 5, 6, 7);
            assertThat(line.client().getInputStream().readAllBytes()).containsExactly(4, 5);
            assertThat(line.server().getInputStream().readAllBytes()).isEmpty();
            assertThat(proxy.struck()).isEqualTo(1);
        }
    }

    @Test
    void resetsBothSides() throws Exception {
        try (Line line = connect()) {
            line.toClient(1);
            read(line.client(), 1);
            proxy.inflict(new Fault.Reset());
            assertReset(line.client());
            assertReset(line.server());
        }
    }

    @Test
    void strikesTheConnectionThatPassesTheLastOfTheBytes() throws Exception {
        try (Line first = connect();
                Line second = connect()) {
            proxy.inflictAfter(Direction.TO_SERVER, 3, new Fault.Cut());
            first.toServer(1, 2);
            assertThat(read(first.server(), 2)).containsExactly(1, 2);
            second.toServer(3, 4);
            assertThat(second.server().getInputStream().readAllBytes()).containsExactly(3);
            first.toServer(5);
            assertThat(read(first.server(), 1)).containsExactly(5);
        }
    }

    @Test
    void strikesBeforeTheFirstByteOfTheNextConnectionOnly() throws Exception {
        try (Line before = connect()) {
            proxy.inflictOnNext(Direction.TO_SERVER, 0, new Fault.Reset());
            try (Line next = connect();
                    Line after = connect()) {
                next.toServer(1);
                assertReset(next.server());
                for (Line other : new Line[] {before, after}) {
                    other.toServer(2);
                    assertThat(read(other.server(), 1)).containsExactly(2);
                }
            }
        }
    }

    @Test
    void freezesOneWay() throws Exception {
        try (Line line = connect()) {
            proxy.inflict(new Fault.Freeze(Set.of(Direction.TO_CLIENT)));
            line.toServer(1);
            assertThat(read(line.server(), 1)).containsExactly(1);
            line.toClient(2);
            assertSilent(line.client());
            proxy.heal();
            assertThat(read(line.client(), 1)).containsExactly(2);
        }
    }

    @Test
    void freezesBothWaysWithTheEndOfTheConnectionAndThoseMadeLater() throws Exception {
        try (Line line = connect()) {
            proxy.inflict(Fault.Freeze.bothWays());
            line.toServer(1);
            line.client().close();
            assertSilent(line.server());
            try (Line later = connect()) {
                later.toServer(2);
                assertSilent(later.server());
                proxy.heal();
                assertThat(read(later.server(), 1)).containsExactly(2);
            }
            assertThat(line.server().getInputStream().readAllBytes()).containsExactly(1);
        }
    }

    @Test
    void endsAFrozenConnectionWhenItIsClosed() throws Exception {
        try (Line line = connect()) {
            proxy.inflict(Fault.Freeze.bothWays());
            line.toServer(1);
            proxy.close();
            assertReset(line.client());
            assertReset(line.server());
        }
    }

    @Test
    void delaysEachPieceAndMakesPiecesSmall() throws Exception {
        try (Line line = connect()) {
            proxy.inflict(new Fault.Segment(1));
            proxy.inflict(new Fault.Delay(Duration.ofMillis(10)));
            long start = System.nanoTime();
            line.toServer(1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(read(line.server(), 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("eight pieces")
                    .isGreaterThanOrEqualTo(Duration.ofMillis(80));
        }
    }

    @Test
    void throttles() throws Exception {
        try (Line line = connect()) {
            proxy.inflict(new Fault.Throttle(2000));
            long start = System.nanoTime();
            line.toClient(new int[200]);
            assertThat(read(line.client(), 200)).isEqualTo(new byte[200]);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(99));
        }
    }

    @Test
    void forgetsFaultsThatHaveNotStruckWhenItHeals() throws Exception {
        proxy.inflictAfter(Direction.TO_SERVER, 0, new Fault.Reset());
        proxy.inflictOnNext(Direction.TO_SERVER, 0, new Fault.Cut());
        proxy.heal();
        try (Line line = connect()) {
            line.toServer(1);
            assertThat(read(line.server(), 1)).containsExactly(1);
        }
    }

    @Test
    void goesOnAfterAServerThatWasAway() throws Exception {
        int port = listener.getLocalPort();
        listener.close();
        try (Socket refused = new Socket(proxy.host(), proxy.port())) {
            refused.setSoTimeout(PATIENCE_MILLIS);
            assertThat(refused.getInputStream().read()).isEqualTo(-1);
        }
        listener = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        try (Line line = connect()) {
            line.toServer(1);
            assertThat(read(line.server(), 1)).containsExactly(1);
            assertThat(proxy.connections()).isEqualTo(2);
        }
    }
}
