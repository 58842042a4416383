// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.TlsFiles;
import io.drasi.testkit.WalsenderSession;
import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A host with several addresses. On Linux all of 127.0.0.0/8 leads to this machine; the servers listen on 127.0.0.1. */
class ConnectorTest {
    private static ConnectionSettings to(int port, SslMode mode) {
        return ConnectionSettings.builder()
                .host("db.example.com")
                .port(port)
                .user("drasi")
                .sslMode(mode)
                .build();
    }

    private static Session connect(ConnectionSettings settings, String... addresses) {
        return Connector.connect(settings, false, host -> {
            assertThat(host).isEqualTo("db.example.com");
            InetAddress[] all = new InetAddress[addresses.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = InetAddress.getByName(addresses[i]);
            }
            return all;
        });
    }

    private static void logIn(WalsenderSession session) throws Exception {
        session.acceptLogin();
        session.goSilent();
    }

    @Test
    void triesTheNextAddressIfNobodyListens() {
        try (FakeWalsender server = new FakeWalsender(ConnectorTest::logIn)) {
            connect(to(server.port(), SslMode.DISABLE), "127.0.0.2", "127.0.0.1", "127.0.0.3")
                    .close();
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void triesTheNextAddressIfTheConnectionBreaksInTheHandshakeOrTheLogin() {
        try (FakeWalsender server = new FakeWalsender(
                session -> {
                    session.expectSslRequest();
                    session.sendTorn(new Random(), 1, (byte) 'S');
                    session.reset();
                },
                session -> {
                    session.expectSslRequest();
                    session.startTls(TlsFiles.shared());
                    session.expectStartup();
                },
                session -> {
                    session.expectSslRequest();
                    session.startTls(TlsFiles.shared());
                    logIn(session);
                })) {
            connect(to(server.port(), SslMode.REQUIRE), "127.0.0.1", "127.0.0.1", "127.0.0.1")
                    .close();
            assertThat(server.connections()).isEqualTo(3);
        }
    }

    @Test
    void namesTheErrorsOfAllAddresses() {
        try (FakeWalsender server = new FakeWalsender(WalsenderSession::expectStartup)) {
            assertThatThrownBy(() -> connect(to(server.port(), SslMode.DISABLE), "127.0.0.1", "127.0.0.2", "127.0.0.3"))
                    .isInstanceOfSatisfying(
                            ConnectFailedException.class,
                            e -> assertThat(e.retryable()).isTrue())
                    .hasMessageContaining("connecting to db.example.com:" + server.port())
                    .hasMessageContaining("none of its 3 addresses")
                    .hasMessageContaining("closed the connection")
                    .hasMessageContaining("127.0.0.2:" + server.port())
                    .hasMessageContaining("127.0.0.3:" + server.port())
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(3));
        }
    }

    @Test
    void takesTheServersJudgementForFinalAndKeepsTheEarlierErrors() {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.expectStartup();
            session.sendError("FATAL", "28000", "no pg_hba.conf entry");
        })) {
            assertThatThrownBy(() -> connect(to(server.port(), SslMode.DISABLE), "127.0.0.2", "127.0.0.1", "127.0.0.1"))
                    .isInstanceOf(ServerErrorException.class)
                    .hasMessageContaining("no pg_hba.conf entry")
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void triesTheNextAddressIfAServerTakesNoConnectionsAtTheMoment() {
        FakeWalsender.Script starting = session -> {
            session.expectStartup();
            session.sendError("FATAL", "57P03", "the database system is starting up");
        };
        try (FakeWalsender server = new FakeWalsender(starting, ConnectorTest::logIn)) {
            connect(to(server.port(), SslMode.DISABLE), "127.0.0.1", "127.0.0.1")
                    .close();
            assertThat(server.connections()).isEqualTo(2);
        }
        try (FakeWalsender server = new FakeWalsender(starting)) {
            assertThatThrownBy(() -> connect(to(server.port(), SslMode.DISABLE), "127.0.0.1", "127.0.0.2"))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("57P03"))
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        }
    }
}
