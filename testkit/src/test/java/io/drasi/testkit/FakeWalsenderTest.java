// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;

class FakeWalsenderTest {
    private static final byte[] STARTUP = new Bytes()
            .frame(body -> body.int32(196608)
                    .cstring("user")
                    .cstring("bob")
                    .cstring("replication")
                    .cstring("database")
                    .int8(0))
            .toByteArray();
    private static final byte[] SSL_REQUEST =
            new Bytes().frame(body -> body.int32(80877103)).toByteArray();

    @Test
    void playsAReplicationSession() throws Exception {
        byte[] data = new Random(1)
                .doubles(50)
                .mapToObj(Double::toString)
                .toList()
                .toString()
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
        try (FakeWalsender server = new FakeWalsender(session -> {
                    assertThat(session.acceptLogin()).isEqualTo(Map.of("user", "bob", "replication", "database"));
                    session.onIdentifySystem("7", "0/10", "db");
                    assertThat(session.expectStartReplication()).contains("SLOT s");
                    session.sendTorn(new Random(2), 7, WalsenderSession.xLogData(16, 32, 5, data));
                    session.sendKeepalive(64, true);
                    session.awaitStatusUpdate("the position 64", update -> update.flushed() == 64);
                    session.sendCopyDone();
                    session.awaitCopyDone();
                });
                Socket socket = new Socket(server.host(), server.port())) {
            Client client = new Client(socket);
            client.send(STARTUP);
            assertThat(client.readTypes(7)).isEqualTo("RSSSSSK");
            client.expect('Z', Bytes.of('I'));
            client.query("IDENTIFY_SYSTEM");
            assertThat(client.readTypes(4)).isEqualTo("TDCZ");
            client.query("START_REPLICATION SLOT s LOGICAL 0/0");
            client.expect('W', Bytes.of(0, 0, 0));
            client.expect(
                    'd',
                    new Bytes()
                            .int8('w')
                            .int64(16)
                            .int64(32)
                            .int64(5)
                            .bytes(data)
                            .toByteArray());
            client.expect('d', new Bytes().int8('k').int64(64).int64(0).int8(1).toByteArray());
            client.send(statusUpdate(64));
            assertThat(client.readTypes(1)).isEqualTo("c");
            client.send(new Bytes().frame('c').toByteArray());
            assertThat(client.in.read()).isEqualTo(-1);
            assertThat(server.session(0).statusUpdates()).containsExactly(new StatusUpdate(64, 64, 64, 9, false));
            assertThat(server.session(0).queries()).hasSize(2);
        }
    }

    @Test
    void refusesEncryptionUnlessTheScriptStartsIt() throws Exception {
        try (FakeWalsender server = new FakeWalsender(WalsenderSession::expectStartup);
                Socket socket = new Socket(server.host(), server.port())) {
            Client client = new Client(socket);
            client.send(SSL_REQUEST);
            assertThat(client.in.read()).isEqualTo('N');
        }
    }

    @Test
    void goesOnInTlsWithTheServersCertificate() throws Exception {
        TlsFiles files = TlsFiles.shared();
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectSslRequest();
                    session.startTls(files);
                    session.acceptLogin();
                });
                Socket socket = new Socket(server.host(), server.port())) {
            Client plain = new Client(socket);
            plain.send(SSL_REQUEST);
            assertThat(plain.in.read()).isEqualTo('S');
            SSLSocket tls = (SSLSocket) trusting(files).getSocketFactory().createSocket(socket, "localhost", 0, true);
            Client client = new Client(tls);
            client.send(STARTUP);
            assertThat(client.readTypes(1)).isEqualTo("R");
            assertThat(tls.getSession().getPeerCertificates()[0]).isEqualTo(files.serverX509());
        }
    }

    private static SSLContext trusting(TlsFiles files) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(files.rootCertificate())) {
            store.setCertificateEntry(
                    "root", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    @Test
    void givesEachConnectionItsOwnScript() throws Exception {
        try (FakeWalsender server =
                new FakeWalsender(session -> session.send((byte) 1), session -> session.send((byte) 2))) {
            for (int expected : new int[] {1, 2, 2}) {
                try (Socket socket = new Socket(server.host(), server.port())) {
                    assertThat(socket.getInputStream().read()).isEqualTo(expected);
                    assertThat(socket.getInputStream().read()).isEqualTo(-1);
                }
            }
            assertThat(server.connections()).isEqualTo(3);
        }
    }

    @Test
    void deliversWhatWasSentAlthoughTheClientsBytesWereNotRead() throws Exception {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectSslRequest();
                    session.send(new byte[100_000]);
                });
                Socket socket = new Socket(server.host(), server.port())) {
            socket.getOutputStream().write(Bytes.concat(SSL_REQUEST, new byte[1000]));
            assertThat(socket.getInputStream().readNBytes(200_000)).hasSize(100_000);
        }
    }

    @Test
    void resetsTheConnection() throws Exception {
        try (FakeWalsender server = new FakeWalsender(WalsenderSession::reset);
                Socket socket = new Socket(server.host(), server.port())) {
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void staysSilentUntilTheTestCloses() throws Exception {
        try (FakeWalsender server = new FakeWalsender(WalsenderSession::goSilent);
                Socket socket = new Socket(server.host(), server.port())) {
            server.session(0);
            server.close();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void throwsWhatAScriptThrewWhenItIsClosed() throws Exception {
        FakeWalsender server = new FakeWalsender(session -> {
            throw new IllegalStateException("broken script");
        });
        try (Socket socket = new Socket(server.host(), server.port())) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        assertThatThrownBy(server::close).isInstanceOf(AssertionError.class).hasMessageContaining("broken script");
    }

    @Test
    void throwsWhenAClientBrokeTheProtocol() throws Exception {
        FakeWalsender server = new FakeWalsender(session -> {
            session.startCopyBoth();
            session.awaitClosed();
        });
        try (Socket socket = new Socket(server.host(), server.port())) {
            new Client(socket).send(new Bytes().frame('d', Bytes.of('r', 1)).toByteArray());
            assertThat(socket.getInputStream().readAllBytes()).isNotEmpty();
        }
        assertThatThrownBy(server::close).isInstanceOf(AssertionError.class).hasMessageContaining("status update");
    }

    private static byte[] statusUpdate(long position) {
        return new Bytes()
                .frame(
                        'd',
                        body -> body.int8('r')
                                .int64(position)
                                .int64(position)
                                .int64(position)
                                .int64(9)
                                .int8(0))
                .toByteArray();
    }

    private static final class Client {
        final DataInputStream in;
        private final OutputStream out;

        Client(Socket socket) throws IOException {
            in = new DataInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        void send(byte[] bytes) throws IOException {
            out.write(bytes);
            out.flush();
        }

        void query(String sql) throws IOException {
            send(new Bytes().frame('Q', body -> body.cstring(sql)).toByteArray());
        }

        void expect(char type, byte[] body) throws IOException {
            assertThat((char) in.read()).isEqualTo(type);
            assertThat(in.readNBytes(in.readInt() - 4)).isEqualTo(body);
        }

        String readTypes(int messages) throws IOException {
            StringBuilder types = new StringBuilder();
            for (int i = 0; i < messages; i++) {
                types.append((char) in.read());
                in.skipNBytes(in.readInt() - 4L);
            }
            return types.toString();
        }
    }
}
