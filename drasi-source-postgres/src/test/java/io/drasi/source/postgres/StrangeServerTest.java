// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Something listens where the source was told to connect, but it is no server that it can work with. */
class StrangeServerTest {
    private static PostgresReplicationSource.Builder source(FakeWalsender server) {
        return PostgresReplicationSource.builder("shop")
                .withHost(server.host())
                .withPort(server.port())
                .withDatabase("shop")
                .withUser("drasi")
                .withPassword(Shop.PASSWORD)
                .withConnectTimeout(Duration.ofSeconds(5));
    }

    private static ObservedSource start(PostgresReplicationSource.Builder builder) {
        return ObservedSource.start(builder.build(), SubscriptionSettings.forQuery("observer"), Shop.PASSWORD);
    }

    @Test
    void refusesAServerBeforePostgreSql10() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin("9.6.24");
                    session.answerQueries();
                });
                ObservedSource observed = start(source(server))) {
            assertThat(observed.awaitError())
                    .isInstanceOf(SetupException.class)
                    .hasMessage("the server at 127.0.0.1:" + server.port() + " is PostgreSQL 9.6.24, but logical"
                            + " replication with pgoutput begins with PostgreSQL 10\nUpgrade the server.");
        }
    }

    @Test
    void saysThatSomethingElseListensOnThePort() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectSslRequest();
                    session.send(new Bytes().text("HTTP/1.1 400 Bad Request\r\n\r\n"));
                });
                ObservedSource observed = start(source(server))) {
            StatusChange retry = observed.awaitRetry();

            assertThat(retry.cause()).containsInstanceOf(ConnectionException.class);
            assertThat(retry.message().orElseThrow())
                    .contains("127.0.0.1:" + server.port())
                    .contains("is that a PostgreSQL server?")
                    .endsWith("Options: host and port.");
        }
    }

    @Test
    void stopsAtALoginThatBreaksTheProtocol() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectStartup();
                    session.send(new Bytes().text("220 mail.example.com ESMTP\r\n"));
                });
                ObservedSource observed = start(source(server))) {
            assertThat(observed.awaitError())
                    .isInstanceOf(DecodingException.class)
                    .hasMessageStartingWith(
                            "source 'shop': the server at 127.0.0.1:" + server.port() + " broke the protocol: ")
                    .hasMessageContaining("offset")
                    .hasMessageEndingWith("Options: host and port, if that is no PostgreSQL server.");
        }
    }

    @Test
    void triesAgainWhenTheServerSaysNothing() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectStartup();
                    session.goSilent();
                });
                ObservedSource observed =
                        start(source(server).withSslMode(SslMode.DISABLE).withConnectTimeout(Duration.ofSeconds(3)))) {
            assertThat(observed.awaitRetry().message().orElseThrow())
                    .contains("127.0.0.1:" + server.port())
                    .contains("did not complete the login within PT3S");
        }
    }
}
