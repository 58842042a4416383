// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How connections come about, or don't, with servers that misbehave. */
class ConnectTest {
    private static ConnectionSettingsBuilder to(FakeWalsender server) {
        return ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .user("drasi");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "DISABLE")
    void refusesBytesBetweenTheAnswerAndTheHandshakeInEveryMode(SslMode mode) {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectSslRequest();
            session.send(new Bytes().int8('S').frame('R', body -> body.int32(0)));
            session.goSilent();
        })) {
            assertThatThrownBy(() -> PostgresConnection.open(to(server)
                            .sslMode(mode)
                            .sslRootCertificate(TlsFiles.shared().rootCertificate())
                            .build()))
                    .isInstanceOfSatisfying(
                            TlsException.class, e -> assertThat(e.retryable()).isFalse())
                    .hasMessageContaining("sslmode " + mode.libpqName())
                    .hasMessageContaining("unencrypted data after its answer");
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void goesOnInPlainOnTheSameConnectionIfTheServerHasNoTls() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.goSilent();
                });
                PostgresConnection connection =
                        PostgresConnection.open(to(server).build())) {
            assertThat(connection.encrypted()).isFalse();
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void preferConnectsAnewInPlainIfTheHandshakeFails() {
        try (FakeWalsender server = new FakeWalsender(
                        session -> {
                            session.expectSslRequest();
                            // Torn, so that the client has the S alone.
                            byte[] answer = "S, but what follows is no TLS record".getBytes(StandardCharsets.US_ASCII);
                            session.sendTorn(new Random(), 1, answer);
                        },
                        session -> {
                            session.acceptLogin();
                            session.goSilent();
                        });
                PostgresConnection connection =
                        PostgresConnection.open(to(server).build())) {
            assertThat(connection.encrypted()).isFalse();
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void preferConnectsAnewInPlainIfTheServerHangsUpInTheHandshake() {
        try (FakeWalsender server = new FakeWalsender(
                        session -> {
                            session.expectSslRequest();
                            session.send((byte) 'S');
                        },
                        session -> {
                            session.acceptLogin();
                            session.goSilent();
                        });
                PostgresConnection connection =
                        PostgresConnection.open(to(server).build())) {
            assertThat(connection.encrypted()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PREFER", "REQUIRE", "VERIFY_FULL"})
    void aServerThatGoesDownInTheHandshakeIsWorthAnotherTry(SslMode mode) throws IOException {
        for (boolean reset : new boolean[] {false, true}) {
            try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                CompletableFuture<Void> server =
                        CompletableFuture.runAsync(() -> goDownInTheHandshake(listener, reset));
                assertThatThrownBy(() -> PostgresConnection.open(ConnectionSettings.builder()
                                .host("127.0.0.1")
                                .port(listener.getLocalPort())
                                .user("drasi")
                                .sslMode(mode)
                                .sslRootCertificate(TlsFiles.shared().rootCertificate())
                                .build()))
                        .isInstanceOfSatisfying(
                                ConnectFailedException.class,
                                e -> assertThat(e.retryable()).isTrue())
                        .hasMessageContaining("the connection broke in the TLS handshake")
                        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(mode == SslMode.PREFER ? 1 : 0));
                assertThat(server).succeedsWithin(Duration.ofSeconds(10));
            }
        }
    }

    private static void goDownInTheHandshake(ServerSocket listener, boolean reset) {
        try (listener;
                Socket socket = listener.accept()) {
            listener.close();
            socket.setSoLinger(reset, 0);
            InputStream in = socket.getInputStream();
            byte[] sslRequest = in.readNBytes(8);
            socket.getOutputStream().write('S');
            // The client is in the handshake when it has said its first word; all of that, lest the close be a reset.
            byte[] recordHeader = in.readNBytes(5);
            in.skipNBytes(ByteBuffer.wrap(recordHeader).getShort(3));
            assertThat(sslRequest).hasSize(8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void preferReportsTheErrorInPlainIfThatIsTheOneThatPasses() {
        try (FakeWalsender server = new FakeWalsender(
                session -> {
                    session.expectSslRequest();
                    byte[] answer = "S, but what follows is no TLS record".getBytes(StandardCharsets.US_ASCII);
                    session.sendTorn(new Random(), 1, answer);
                },
                session -> {
                    session.expectStartup();
                    session.sendError("FATAL", "53300", "sorry, too many clients already");
                })) {
            assertThatThrownBy(() -> PostgresConnection.open(to(server).build()))
                    .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                        assertThat(e.retryable()).isTrue();
                        assertThat(e.getSuppressed()).hasOnlyElementsOfType(TlsException.class);
                    });
        }
    }

    @Test
    void endsWhenTheThreadIsInterruptedInTheHandshake() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch agreed = new CountDownLatch(1);
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectSslRequest();
            session.sendTorn(new Random(), 1, (byte) 'S');
            agreed.countDown();
            session.goSilent();
        })) {
            Thread thread = new Thread(() -> {
                try (PostgresConnection connection =
                        PostgresConnection.open(to(server).build())) {
                    failure.set(new AssertionError("connected to " + connection.backendPid()));
                } catch (PostgresClientException e) {
                    failure.set(Thread.currentThread().isInterrupted() ? e : new AssertionError("not interrupted", e));
                }
            });
            thread.start();
            agreed.await();
            thread.interrupt();
            thread.join(Duration.ofSeconds(10).toMillis());
            assertThat(failure.get())
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("the connecting thread was interrupted");
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void requireNeverConnectsInPlain() {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectSslRequest();
            session.send((byte) 'S');
        })) {
            assertThatThrownBy(() -> PostgresConnection.open(
                            to(server).sslMode(SslMode.REQUIRE).build()))
                    .isInstanceOf(ConnectFailedException.class);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void encryptsWithTheServersCertificateChecked() {
        TlsFiles files = TlsFiles.shared();
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectSslRequest();
                    session.startTls(files);
                    session.acceptLogin();
                    session.goSilent();
                });
                PostgresConnection connection = PostgresConnection.open(to(server)
                        .sslMode(SslMode.VERIFY_FULL)
                        .sslRootCertificate(files.rootCertificate())
                        .build())) {
            assertThat(connection.encrypted()).isTrue();
        }
    }

    @Test
    void doesNotShowTheTextOfAnUnencryptedError() {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectSslRequest();
            session.sendError("FATAL", "53300", "send your password to evil.example");
        })) {
            assertThatThrownBy(() -> PostgresConnection.open(to(server).build()))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("answered the request for TLS with an error")
                    .message()
                    .doesNotContain("evil");
        }
    }

    @Test
    void wondersWhetherThatIsAPostgresServer() {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectSslRequest();
            session.send("HTTP/1.1 400 Bad Request\r\n".getBytes(StandardCharsets.US_ASCII));
        })) {
            assertThatThrownBy(() -> PostgresConnection.open(to(server).build()))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("is that a PostgreSQL server?");
        }
    }

    @Test
    void showsTheErrorOfAServerThatCannotStartASession() {
        String text = "could not fork new process for connection: Cannot allocate memory";
        byte[] error = new Bytes().int8('E').cstring(text + "\n").toByteArray();
        try (FakeWalsender server = new FakeWalsender(
                session -> {
                    session.expectStartup();
                    session.send(error);
                },
                session -> {
                    session.expectStartup();
                    session.sendTorn(new Random(7), 9, error);
                    session.goSilent();
                },
                session -> {
                    session.expectStartup();
                    session.send(Arrays.copyOf(error, error.length - 2));
                })) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> PostgresConnection.open(to(server).build()))
                        .isInstanceOfSatisfying(
                                ConnectFailedException.class,
                                e -> assertThat(e.retryable()).isTrue())
                        .hasMessageStartingWith("connecting to 127.0.0.1:" + server.port())
                        .hasMessageEndingWith(": " + text);
            }
        }
    }

    @Test
    void givesUpWhenALoginTakesTooLong() {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectStartup();
            session.goSilent();
        })) {
            assertThatThrownBy(() -> PostgresConnection.open(
                            to(server).connectTimeout(Duration.ofMillis(200)).build()))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("did not complete the login within PT0.2S");
        }
    }

    @Test
    void givesUpWhenTheAnswerToTheTlsRequestOrTheHandshakeTakesTooLong() {
        try (FakeWalsender server = new FakeWalsender(
                session -> {
                    session.expectSslRequest();
                    session.goSilent();
                },
                session -> {
                    session.expectSslRequest();
                    session.send((byte) 'S');
                    session.goSilent();
                })) {
            ConnectionSettings settings =
                    to(server).connectTimeout(Duration.ofMillis(200)).build();
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> PostgresConnection.open(settings))
                        .isInstanceOf(ConnectFailedException.class)
                        .hasMessageContaining("TLS was not set up within PT0.2S");
            }
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void givesUpWhenNobodyTakesTheConnection() throws IOException {
        // Once the queue of unaccepted connections is full, the kernel ignores further ones.
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ConnectionSettings settings = ConnectionSettings.builder()
                    .host("127.0.0.1")
                    .port(deaf.getLocalPort())
                    .user("drasi")
                    .connectTimeout(Duration.ofMillis(300))
                    .build();
            for (int i = 0; i < 4; i++) {
                assertThatThrownBy(() -> PostgresConnection.open(settings))
                        .isInstanceOf(ConnectFailedException.class)
                        .hasMessageContaining("PT0.3S");
            }
        }
    }

    @Test
    void tellsThatNoServerListens() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        assertThatThrownBy(() -> PostgresConnection.open(ConnectionSettings.builder()
                        .host("127.0.0.1")
                        .port(port)
                        .user("drasi")
                        .build()))
                .isInstanceOfSatisfying(
                        ConnectFailedException.class,
                        e -> assertThat(e.retryable()).isTrue())
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageContaining("is a server running there");
    }

    @Test
    void tellsThatAHostIsUnknown() {
        assertThatThrownBy(() -> PostgresConnection.open(ConnectionSettings.builder()
                        .host("no-such-host.invalid")
                        .user("drasi")
                        .build()))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("the host name 'no-such-host.invalid' cannot be resolved");
    }

    @Test
    void tellsThatThereIsNoUnixSocket(@TempDir Path directory) {
        assertThatThrownBy(() -> PostgresConnection.open(ConnectionSettings.builder()
                        .host(directory.toString())
                        .user("drasi")
                        .build()))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining(directory + "/.s.PGSQL.5432")
                .hasMessageContaining("that socket?");
        assertThatThrownBy(() -> PostgresConnection.open(ConnectionSettings.builder()
                        .host("/" + "x".repeat(200))
                        .user("drasi")
                        .build()))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("Unix domain path too long");
    }

    @Test
    void endsWhenTheThreadIsInterrupted() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectStartup();
            session.goSilent();
        })) {
            Thread thread = new Thread(() -> {
                try (PostgresConnection connection =
                        PostgresConnection.open(to(server).build())) {
                    failure.set(new AssertionError("connected to " + connection.backendPid()));
                } catch (PostgresClientException e) {
                    failure.set(Thread.currentThread().isInterrupted() ? e : new AssertionError("not interrupted", e));
                }
            });
            thread.start();
            server.session(0);
            thread.interrupt();
            thread.join(Duration.ofSeconds(10).toMillis());
            assertThat(failure.get())
                    .isInstanceOf(PostgresClientException.class)
                    .hasMessageContaining("interrupted");
        }
    }

    @Test
    void readsTheFilesBeforeItConnects() {
        try (FakeWalsender server = new FakeWalsender(session -> {})) {
            assertThatThrownBy(() -> PostgresConnection.open(to(server)
                            .sslRootCertificate(Path.of("/nowhere/root.crt"))
                            .build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessage("the root certificate file /nowhere/root.crt does not exist");
            assertThatThrownBy(() -> PostgresConnection.open(to(server)
                            .sslCertificate(Path.of("/nowhere/client.crt"))
                            .build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessage("cannot read the client certificate file /nowhere/client.crt: it does not exist");
            assertThat(server.connections()).isZero();
        }
    }
}
