// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.StatusChange;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.ServerException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong addresses, names, passwords and missing rights: each is one error that names the thing and what fixes it. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {10, 18})
class BadInputIT {
    private static PostgresServer server;

    @Parameter
    int version;

    private Shop shop;

    @BeforeParameterizedClassInvocation
    static void startServer(int version) {
        server = Shop.server(version).start();
    }

    @AfterParameterizedClassInvocation
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void openShop() {
        shop = Shop.open(server);
    }

    @AfterEach
    void closeShop() {
        shop.close();
    }

    @Test
    void worksWhenNothingIsWrong() {
        shop.requireWorks();
    }

    @Test
    void triesAgainWhenTheHostIsUnknown() {
        try (ObservedSource observed = shop.start(shop.source().withHost("no-such-host.invalid"))) {
            StatusChange retry = observed.awaitRetry(2);

            assertThat(retry.cause()).containsInstanceOf(ConnectionException.class);
            assertThat(retry.message().orElseThrow())
                    .startsWith("attempt 2 failed, next try in 200 ms: source 'shop'")
                    .contains("host name 'no-such-host.invalid' cannot be resolved")
                    .endsWith("Options: host and port.");
        }
    }

    @Test
    void triesAgainWhenNobodyListensOnThePort() throws IOException {
        int port;
        try (ServerSocket unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = unused.getLocalPort();
        }
        try (ObservedSource observed = shop.start(shop.source().withPort(port))) {
            StatusChange retry = observed.awaitRetry(2);

            assertThat(retry.cause()).containsInstanceOf(ConnectionException.class);
            assertThat(retry.message().orElseThrow())
                    .contains("127.0.0.1:" + port)
                    .contains("Connection refused")
                    .endsWith("Options: host and port.");
        }
    }

    @Test
    void triesAgainWhenTheSocketDirectoryHasNoServer() {
        try (ObservedSource observed = shop.start(shop.source().withHost("/nonexistent"))) {
            assertThat(observed.awaitRetry().message().orElseThrow())
                    .contains("/nonexistent/.s.PGSQL." + server.port())
                    .endsWith("Options: host and port.");
        }
    }

    @Test
    void namesTheDatabaseThatDoesNotExist() {
        String missing = "Café " + shop.name();
        SourceException error = shop.errorOf(shop.source().withDatabase(missing));

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("FATAL 3D000: database \"" + missing + "\" does not exist")
                .hasMessageContaining("option database");
        assertThat(Shop.statements(error)).containsExactly("CREATE DATABASE \"" + missing + "\";");

        shop.run(Shop.statements(error));
        assertThat(shop.errorOf(shop.source().withDatabase(missing)))
                .hasMessageContaining("publication \"drasi_publication\" does not exist in database " + missing);
    }

    @Test
    void namesTheUserWhoDoesNotExist() {
        String missing = "nobody " + shop.name();
        SourceException error = shop.errorOf(shop.source().withUser(missing));

        // The server does not tell whether the user or the password is wrong.
        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("28P01: password authentication failed for user \"" + missing + "\"")
                .hasMessageContaining("Check the options user and password")
                .hasMessageContaining("ALTER ROLE \"" + missing + "\" PASSWORD");
    }

    @Test
    void namesTheUserWhoMayNotLogIn() {
        shop.database().execute("ALTER ROLE " + shop.name() + " NOLOGIN");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("28000: role \"" + shop.name() + "\" is not permitted to log in");
        String statement = "ALTER ROLE \"" + shop.name() + "\" LOGIN;";
        assertThat(error).hasMessageContaining("if it may not log in: " + statement);

        shop.run(List.of(statement));
        shop.requireWorks();
    }

    @Test
    void givesTheLineThatIsMissingInPgHbaConf() {
        server.setHba("host postgres all 127.0.0.1/32 scram-sha-256");
        server.reload();
        try {
            SourceException error = shop.errorOf(shop.source());
            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("28000: no pg_hba.conf entry for host \"127.0.0.1\", user \"" + shop.name());

            String line =
                    error.remedy().orElseThrow().lines().skip(1).findFirst().orElseThrow();
            assertThat(line)
                    .isEqualTo("host \"" + shop.name() + "\" \"" + shop.name()
                            + "\" <address of this client>/32 scram-sha-256");
            server.setHba(line.replace("<address of this client>", "127.0.0.1"));
            server.reload();
            shop.requireWorks();
        } finally {
            server.setHba("host all all 127.0.0.1/32 scram-sha-256");
            server.reload();
        }
    }

    @Test
    void refusesAWrongPassword() {
        SourceException error = shop.errorOf(shop.source().withPassword("other " + Shop.PASSWORD));

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("28P01: password authentication failed for user \"" + shop.name() + "\"")
                .hasMessageContaining("ALTER ROLE \"" + shop.name() + "\" PASSWORD '…';");
    }

    @Test
    void saysThatThereIsNoPassword() {
        SourceException error = shop.errorOf(shop.source().withPassword(""));

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("the server asks for a password, but none is configured")
                .hasMessageContaining("Options: password");
    }

    @Test
    void triesAgainWhenThePasswordSupplierFails() {
        AtomicBoolean fails = new AtomicBoolean(true);
        PasswordSupplier supplier = () -> {
            if (fails.getAndSet(false)) {
                throw new IllegalStateException("the vault is sealed");
            }
            return Optional.of(Shop.PASSWORD.toCharArray());
        };
        try (ObservedSource observed = shop.start(shop.source().withPasswordSupplier(supplier))) {
            assertThat(observed.awaitRetry().message().orElseThrow()).endsWith("the password supplier failed");
            shop.requireWorks(observed);
        }
    }

    @Test
    void namesTheRoleThatMayNotConnectToTheDatabase() {
        shop.database().execute("REVOKE CONNECT ON DATABASE " + shop.name() + " FROM PUBLIC");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("42501: permission denied for database \"" + shop.name() + "\"");
        assertThat(Shop.statements(error))
                .containsExactly("GRANT CONNECT ON DATABASE \"" + shop.name() + "\" TO \"" + shop.name() + "\";");

        shop.run(Shop.statements(error));
        shop.requireWorks();
    }

    @Test
    void namesTheRoleThatMayNotReplicate() {
        shop.database().execute("ALTER ROLE " + shop.name() + " NOREPLICATION");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("role " + shop.name() + " has no right to replicate")
                .hasMessageContaining("permission denied to create replication slot");
        assertThat(Shop.statements(error)).containsExactly("ALTER ROLE \"" + shop.name() + "\" WITH REPLICATION;");

        shop.run(Shop.statements(error));
        shop.requireWorks();
    }

    @Test
    void triesAgainWhileTheRoleHasTooManyConnections() {
        shop.database().execute("ALTER ROLE " + shop.name() + " CONNECTION LIMIT 0");
        try (ObservedSource observed = shop.start()) {
            StatusChange retry = observed.awaitRetry();
            assertThat(retry.message().orElseThrow())
                    .contains("53300: too many connections for role \"" + shop.name() + "\"")
                    .contains("max_connections");

            shop.database().execute("ALTER ROLE " + shop.name() + " CONNECTION LIMIT -1");
            shop.requireWorks(observed);
        }
    }

    @Test
    void asksForTheSlotWithTheSameErrors() {
        PostgresReplicationSource source =
                shop.source().withPassword("other " + Shop.PASSWORD).build();

        assertThatThrownBy(source::slotExists)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("28P01")
                .hasMessageContaining("ALTER ROLE");
    }

    @Test
    void namesTheTableThatMayNotBeRead() {
        shop.database()
                .execute(
                        "REVOKE SELECT ON users FROM " + shop.name(),
                        "CREATE SCHEMA \"Sales\"",
                        "CREATE TABLE \"Sales\".\"Order\" (id int PRIMARY KEY)",
                        "ALTER PUBLICATION drasi_publication ADD TABLE \"Sales\".\"Order\"");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("role " + shop.name() + " may not read the tables Sales.Order, users");
        assertThat(Shop.statements(error))
                .containsExactly(
                        "GRANT USAGE ON SCHEMA \"Sales\" TO \"" + shop.name() + "\";",
                        "GRANT SELECT ON \"Sales\".\"Order\", \"public\".\"users\" TO \"" + shop.name() + "\";");

        shop.run(Shop.statements(error));
        shop.requireWorks();
    }

    @Test
    void readsTablesWithRightsOnThePublishedColumns() {
        shop.database()
                .execute(
                        "REVOKE SELECT ON users FROM " + shop.name(),
                        "GRANT SELECT (id, name) ON users TO " + shop.name());
        shop.requireWorks();
    }

    @Test
    void namesTheTableWithRowLevelSecurity() {
        shop.database()
                .execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "CREATE POLICY nothing ON users USING (false)");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("row-level security of table users hides rows from role " + shop.name())
                .hasMessageContaining("42501");
        List<String> statements = Shop.statements(error);
        assertThat(statements.get(0)).isEqualTo("ALTER ROLE \"" + shop.name() + "\" BYPASSRLS;");

        shop.run(statements.subList(0, 1));
        shop.requireWorks();
    }

    @Test
    void streamsATableWithRowLevelSecurityWithoutABootstrap() {
        shop.database().execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY");
        try (ObservedSource observed = ObservedSource.start(
                shop.source().build(), io.drasi.model.SubscriptionSettings.forQuery("observer"), Shop.PASSWORD)) {
            shop.requireStreams(observed.awaitStreaming());
        }
    }

    @Test
    void saysWhichErrorOfTheServerItHasNoAdviceFor() {
        shop.database().execute("UPDATE pg_database SET datallowconn = false WHERE datname = current_database()");
        SourceException error;
        try {
            error = shop.errorOf(shop.source());
        } finally {
            server.execute("UPDATE pg_database SET datallowconn = true WHERE datname = '" + shop.name() + "'");
        }
        assertThat(error)
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("database \"" + shop.name() + "\" is not currently accepting connections");
        assertThat(((ServerException) error).sqlState()).isEqualTo("55000");
    }
}
