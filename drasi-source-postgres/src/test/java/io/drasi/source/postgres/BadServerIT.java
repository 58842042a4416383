// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drasi.model.StatusChange;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.server.Connections;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.TlsFiles;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Servers that are set up in a way that a source can't work with: each test has its own. */
class BadServerIT {
    // ---- settings for replication

    @SomeVersion
    void givesTheStatementThatSetsWalLevel(int version) {
        try (PostgresServer server =
                        Shop.server(version).setting("wal_level", "replica").start();
                Shop shop = Shop.open(server)) {
            SourceException error = shop.errorOf(shop.source());

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageStartingWith(
                            "wal_level of the server is replica, but logical decoding needs wal_level = logical")
                    .hasMessageContaining("restart the server");
            assertThat(Shop.statements(error)).containsExactly("ALTER SYSTEM SET wal_level = logical;");

            shop.run(Shop.statements(error));
            server.restart();
            shop.requireWorks();
        }
    }

    @SomeVersion
    void namesMaxReplicationSlotsWhenNoSlotIsFree(int version) {
        try (PostgresServer server = Shop.server(version)
                        .setting("max_replication_slots", "2")
                        .start();
                Shop shop = Shop.open(server)) {
            server.query("SELECT pg_create_physical_replication_slot('idle')");
            SourceException error = shop.errorOf(shop.source());

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("creating the replication slot")
                    .hasMessageContaining("53400: all replication slots are in use")
                    .hasMessageContaining("restart the server");
            List<String> statements = Shop.statements(error);
            assertThat(statements)
                    .containsExactly(
                            "SELECT slot_name, active FROM pg_replication_slots;",
                            "ALTER SYSTEM SET max_replication_slots = 20;");
            assertThat(server.query(statements.get(0))).containsExactly(List.of("idle", "f"));

            shop.run(statements.subList(1, 2));
            server.restart();
            shop.requireWorks();
        }
    }

    @SomeVersion
    void namesMaxReplicationSlotsWhenThereAreNone(int version) {
        try (PostgresServer server = Shop.server(version)
                        .setting("max_replication_slots", "0")
                        .start();
                Shop shop = Shop.open(server)) {
            SourceException error = shop.errorOf(shop.source());

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageMatching(
                            "(?s).*55000: replication slots can only be used if \"?max_replication_slots\"? > 0.*")
                    .hasMessageContaining("ALTER SYSTEM SET max_replication_slots = 20;");
        }
    }

    @SomeVersion
    void waitsForAFreeWalSender(int version) {
        try (PostgresServer server =
                        Shop.server(version).setting("max_wal_senders", "1").start();
                Shop shop = Shop.open(server);
                ReplicationConnection other = ReplicationConnection.open(
                        Connections.settings(shop.source().build().config(), "other program"))) {
            try (ObservedSource observed = shop.start()) {
                StatusChange retry = observed.awaitRetry(2);

                SourceException error = (SourceException) retry.cause().orElseThrow();
                assertThat(error)
                        .isInstanceOf(ConnectionException.class)
                        .hasMessageContaining("53300")
                        .hasMessageMatching("(?s).*exceeds \"?max_wal_senders\"? \\(currently 1\\).*");
                assertThat(Shop.statements(error))
                        .containsExactly(
                                "ALTER SYSTEM SET max_wal_senders = 20;", "SELECT * FROM pg_stat_replication;");

                other.close();
                shop.requireWorks(observed);
            }
        }
    }

    // ---- passwords

    @SomeVersion
    void givesTheStatementsThatReplaceMd5(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .setting("password_encryption", "md5")
                        .hba("host all all 127.0.0.1/32 md5")
                        .start();
                Shop shop = Shop.open(server)) {
            SourceException error = shop.errorOf(shop.source());

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("the server wants an MD5 password, which is not safe and not supported")
                    .hasMessageContaining("put scram-sha-256 in the place of md5 in the pg_hba.conf line");
            List<String> statements = Shop.statements(error.problem());
            assertThat(statements)
                    .containsExactly(
                            "ALTER SYSTEM SET password_encryption = 'scram-sha-256';",
                            "SELECT pg_reload_conf();",
                            "ALTER ROLE \"" + shop.name() + "\" PASSWORD '…';");

            shop.run(statements.subList(0, 1));
            server.setHba("host all all 127.0.0.1/32 scram-sha-256");
            server.reload();
            shop.run(List.of(statements.get(2).replace("…", Shop.PASSWORD.replace("'", "''"))));
            shop.requireWorks();
        }
    }

    @SomeVersion
    void refusesToSendThePasswordInClearTextOverTheNetwork(int version) {
        InetAddress address = networkAddress();
        try (PostgresServer server = Shop.server(version)
                        .setting("listen_addresses", "127.0.0.1," + address.getHostAddress())
                        .hba("host all all 0.0.0.0/0 password")
                        .start();
                Shop shop = Shop.open(server)) {
            PostgresReplicationSource.Builder source = shop.source().withHost(address.getHostAddress());
            SourceException error = shop.errorOf(source);

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining(
                            "the server wants the password in clear text over an unencrypted network, which is refused")
                    .hasMessageContaining("configure scram-sha-256 in pg_hba.conf")
                    .hasMessageContaining("ssl_mode (now prefer) and allow_cleartext_password (now false)");

            shop.requireWorks(source.withAllowCleartextPassword(true));
        }
    }

    private static InetAddress networkAddress() {
        try {
            Optional<InetAddress> address = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(candidate -> candidate instanceof Inet4Address && !candidate.isLoopbackAddress())
                    .findFirst();
            assumeTrue(address.isPresent(), "this host has no network but itself");
            return address.orElseThrow();
        } catch (SocketException e) {
            throw new AssertionError(e);
        }
    }

    // ---- TLS

    @SomeVersion
    void saysThatTheServerHasNoTls(int version) {
        try (PostgresServer server = Shop.server(version).start();
                Shop shop = Shop.open(server)) {
            SourceException error = shop.errorOf(shop.source().withSslMode(SslMode.REQUIRE));

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageStartingWith("source 'shop': connecting to 127.0.0.1:" + server.port()
                            + " with sslmode require: the server does not support TLS; switch it on there (ssl = on")
                    .hasMessageContaining("Options: ssl_mode (now require)");

            shop.requireWorks(shop.source().withSslMode(SslMode.PREFER));
        }
    }

    @SomeVersion
    void checksTheCertificateAsTheSslModeWants(int version) {
        TlsFiles files = TlsFiles.builder()
                .serverName("db.example.com")
                .alternativeNames("db.example.com", "127.0.0.2")
                .create();
        try (PostgresServer server = Shop.server(version).tls(files).start();
                Shop shop = Shop.open(server)) {
            SourceException untrusted = shop.errorOf(shop.source()
                    .withSslMode(SslMode.VERIFY_CA)
                    .withSslRootCert(TlsFiles.shared().rootCertificate()));
            assertThat(untrusted)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("with sslmode verify-ca: the server's certificate is not trusted")
                    .hasMessageContaining(TlsFiles.shared().rootCertificate().toString())
                    .hasMessageContaining("Options: ssl_mode (now verify-ca), ssl_root_cert");

            PostgresReplicationSource.Builder full =
                    shop.source().withSslMode(SslMode.VERIFY_FULL).withSslRootCert(files.rootCertificate());
            assertThat(shop.errorOf(full))
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("the server's certificate is not for the host '127.0.0.1' but for")
                    .hasMessageContaining("db.example.com")
                    .hasMessageContaining("use sslmode verify-ca");

            shop.requireWorks(full.withSslMode(SslMode.VERIFY_CA));
            shop.requireWorks(shop.source().withSlotName(shop.name() + "_b").withSslMode(SslMode.REQUIRE));
        }
    }

    @SomeVersion
    void saysThatTheServerWantsTls(int version) {
        try (PostgresServer server = Shop.server(version)
                        .tls()
                        .hba("hostssl all all 127.0.0.1/32 scram-sha-256")
                        .start();
                Shop shop = Shop.open(server)) {
            SourceException error = shop.errorOf(shop.source().withSslMode(SslMode.DISABLE));

            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("28000: no pg_hba.conf entry for host \"127.0.0.1\"")
                    .hasMessageContaining("ssl_mode (now disable)");

            shop.requireWorks();
        }
    }

    @SomeVersion
    void saysThatTheServerWantsACertificate(int version) {
        TlsFiles files = TlsFiles.builder().clientName("somebody").create();
        try (PostgresServer server = Shop.server(version)
                        .tls(files)
                        .hba("hostssl all all 127.0.0.1/32 cert")
                        .start();
                Shop shop = Shop.open(server)) {
            assertThat(shop.errorOf(shop.source().withSslMode(SslMode.REQUIRE)))
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("certificate")
                    .hasMessageContaining("ssl_cert and ssl_key");

            PostgresReplicationSource.Builder other = shop.source()
                    .withSslMode(SslMode.REQUIRE)
                    .withSslCert(files.clientCertificate())
                    .withSslKey(files.clientKey());
            assertThat(shop.errorOf(other))
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("28000: certificate authentication failed for user \"" + shop.name() + "\"");
        }
    }

    @SomeVersion
    void namesTheFileThatIsMissing(int version) {
        try (PostgresServer server = Shop.server(version).tls().start();
                Shop shop = Shop.open(server)) {
            PostgresReplicationSource.Builder source =
                    shop.source().withSslMode(SslMode.VERIFY_CA).withSslRootCert(Path.of("/nonexistent/root.crt"));

            assertThat(shop.errorOf(source))
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("the root certificate file /nonexistent/root.crt does not exist")
                    .hasMessageContaining("ssl_root_cert");
        }
    }
}
