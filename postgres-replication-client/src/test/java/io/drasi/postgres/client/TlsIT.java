// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TlsIT {
    private static final int NEWEST = 18;

    static List<Integer> majors() {
        return Servers.majors();
    }

    private static ConnectionSettingsBuilder trusting(int major, SslMode mode) {
        return Servers.settings(major)
                .sslMode(mode)
                .sslRootCertificate(Servers.shared(major).tlsFiles().rootCertificate());
    }

    private static boolean encryptedByServer(PostgresConnection connection) {
        return connection
                .query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                .single()
                .requiredBoolean(0);
    }

    @ParameterizedTest
    @MethodSource("majors")
    void encryptsInEveryModeButDisable(int major) {
        for (SslMode mode : SslMode.values()) {
            try (PostgresConnection connection =
                    PostgresConnection.open(trusting(major, mode).build())) {
                assertThat(connection.encrypted())
                        .as(mode.libpqName())
                        .isEqualTo(mode != SslMode.DISABLE)
                        .isEqualTo(encryptedByServer(connection));
            }
        }
    }

    @Test
    void encryptsWithoutARootCertificateIfThatIsNotAskedFor() {
        for (SslMode mode : List.of(SslMode.PREFER, SslMode.REQUIRE)) {
            try (PostgresConnection connection = PostgresConnection.open(
                    Servers.settings(NEWEST).sslMode(mode).build())) {
                assertThat(encryptedByServer(connection)).isTrue();
            }
        }
    }

    @Test
    void checksTheNameInVerifyFullOnly() {
        TlsFiles files = TlsFiles.builder()
                .serverName("db.example.com")
                .alternativeNames("db.example.com", "192.0.2.7")
                .create();
        try (PostgresServer server = PostgresServer.builder(NEWEST).tls(files).start()) {
            ConnectionSettingsBuilder settings = Servers.settings(server).sslRootCertificate(files.rootCertificate());
            try (PostgresConnection connection =
                    PostgresConnection.open(settings.sslMode(SslMode.VERIFY_CA).build())) {
                assertThat(connection.encrypted()).isTrue();
            }
            for (String host : List.of("127.0.0.1", "localhost")) {
                assertThatThrownBy(() -> PostgresConnection.open(
                                settings.sslMode(SslMode.VERIFY_FULL).host(host).build()))
                        .isInstanceOfSatisfying(
                                TlsException.class,
                                e -> assertThat(e.retryable()).isFalse())
                        .hasMessageContaining("sslmode verify-full")
                        .hasMessageContaining("not for the host '" + host + "' but for [db.example.com, 192.0.2.7]");
            }
        }
    }

    @Test
    void refusesAServerOfAnotherAuthority() {
        Path otherRoot = TlsFiles.builder().create().rootCertificate();
        for (SslMode mode : List.of(SslMode.REQUIRE, SslMode.VERIFY_CA, SslMode.VERIFY_FULL)) {
            assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(NEWEST)
                            .sslMode(mode)
                            .sslRootCertificate(otherRoot)
                            .build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("sslmode " + mode.libpqName())
                    .hasMessageContaining("not trusted")
                    .hasMessageContaining(otherRoot.toString())
                    .hasMessageContaining("set sslRootCertificate");
        }
    }

    @Test
    void refusesAServerOfAnUnknownAuthorityWithJavasOwnRoots() {
        assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(NEWEST)
                        .sslMode(SslMode.VERIFY_FULL)
                        .sslRootCertificate(Path.of("system"))
                        .build()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("a root certificate that Java trusts");
    }

    @Test
    void refusesAnExpiredCertificate() {
        Instant now = Instant.now();
        TlsFiles files = TlsFiles.builder()
                .validity(now.minus(Duration.ofDays(20)), now.minus(Duration.ofDays(10)))
                .create();
        try (PostgresServer server = PostgresServer.builder(NEWEST).tls(files).start()) {
            assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(server)
                            .sslMode(SslMode.VERIFY_CA)
                            .sslRootCertificate(files.rootCertificate())
                            .build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("the server's certificate, or one of those it leads to, has expired")
                    .hasMessageContaining("NotAfter")
                    .message()
                    .doesNotContain("not trusted");
        }
    }

    @Test
    void refusesACertificateThatIsNotValidYet() {
        Instant now = Instant.now();
        TlsFiles files = TlsFiles.builder()
                .validity(now.plus(Duration.ofDays(10)), now.plus(Duration.ofDays(20)))
                .create();
        try (PostgresServer server = PostgresServer.builder(NEWEST).tls(files).start()) {
            assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(server)
                            .sslMode(SslMode.VERIFY_CA)
                            .sslRootCertificate(files.rootCertificate())
                            .build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("is not valid yet")
                    .hasMessageContaining("set the clock right");
        }
    }

    @Test
    void preferFallsBackToPlainIfTheCertificateIsNotTrusted() {
        // As in libpq: with a root certificate it is checked in every mode, and prefer accepts a failure.
        try (PostgresConnection connection = PostgresConnection.open(Servers.settings(NEWEST)
                .sslRootCertificate(TlsFiles.builder().create().rootCertificate())
                .build())) {
            assertThat(encryptedByServer(connection)).isFalse();
        }
    }

    @Test
    void needsARootCertificateToVerify() {
        assertThatThrownBy(() -> PostgresConnection.open(
                        Servers.settings(NEWEST).sslMode(SslMode.VERIFY_CA).build()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("sslmode verify-ca needs a root certificate")
                .hasMessageContaining("sslRootCertificate");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void preferFallsBackToPlainIfTheServerLetsTheUserInOnlyWithoutTls(int major) {
        try (PostgresConnection connection = PostgresConnection.open(
                Servers.settings(major).user("plain_only").database("postgres").build())) {
            assertThat(encryptedByServer(connection)).isFalse();
        }
        assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(major)
                        .user("plain_only")
                        .database("postgres")
                        .sslMode(SslMode.REQUIRE)
                        .build()))
                .isInstanceOfSatisfying(
                        ServerErrorException.class,
                        e -> assertThat(e.sqlState()).isEqualTo("28000"));
    }

    @Test
    void reportsTheErrorOverTlsIfPlainFailsToo() {
        AtomicInteger asked = new AtomicInteger();
        assertThatThrownBy(() -> PostgresConnection.open(Servers.settings(NEWEST)
                        .user("scram")
                        .database("postgres")
                        .passwordSupplier(() -> {
                            asked.incrementAndGet();
                            return Optional.of("wrong".toCharArray());
                        })
                        .build()))
                .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                    assertThat(e.sqlState()).isEqualTo("28P01");
                    assertThat(e.getSuppressed()).hasSize(1);
                });
        assertThat(asked).hasValue(2);
    }

    @Test
    void disableDoesNotReachAUserWhoMustEncrypt() {
        ConnectionSettingsBuilder settings =
                Servers.settings(NEWEST).user("encrypted_only").database("postgres");
        PostgresConnection.open(settings.build()).close();
        assertThatThrownBy(() -> PostgresConnection.open(
                        settings.sslMode(SslMode.DISABLE).build()))
                .isInstanceOf(ServerErrorException.class)
                .hasMessageContaining("no pg_hba.conf entry");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void withAServerWithoutTlsPreferIsPlainAndRequireFails(int major) {
        try (PostgresServer server = PostgresServer.builder(major).start()) {
            try (PostgresConnection connection =
                    PostgresConnection.open(Servers.settings(server).build())) {
                assertThat(connection.encrypted()).isFalse();
            }
            assertThatThrownBy(() -> PostgresConnection.open(
                            Servers.settings(server).sslMode(SslMode.REQUIRE).build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("the server does not support TLS")
                    .hasMessageContaining("ssl = on");
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void presentsAClientCertificateInBothKeyFormats(int major) {
        TlsFiles files = TlsFiles.builder().clientName("certified").create();
        try (PostgresServer server = PostgresServer.builder(major)
                .tls(files)
                .hba("hostssl all certified all cert", "local all all trust")
                .start()) {
            server.execute("CREATE ROLE certified LOGIN");
            ConnectionSettingsBuilder settings = Servers.settings(server)
                    .user("certified")
                    .database("postgres")
                    .sslMode(SslMode.VERIFY_FULL)
                    .sslRootCertificate(files.rootCertificate())
                    .sslCertificate(files.clientCertificate());
            for (Path key : List.of(files.clientKey(), files.clientKeyTraditional())) {
                try (PostgresConnection connection =
                        PostgresConnection.open(settings.sslKey(key).build())) {
                    assertThat(connection.query("SELECT current_user").single().required(0))
                            .isEqualTo("certified");
                }
            }
        }
    }

    @Test
    void usesTheFilesInTheHomeDirectoryAsLibpqDoes(@TempDir Path home) throws IOException {
        TlsFiles files = TlsFiles.builder().clientName("certified").create();
        Path directory = Files.createDirectory(home.resolve(".postgresql"));
        Files.copy(files.rootCertificate(), directory.resolve("root.crt"));
        Files.copy(files.clientCertificate(), directory.resolve("postgresql.crt"));
        Files.copy(files.clientKey(), directory.resolve("postgresql.key"));
        String realHome = System.setProperty("user.home", home.toString());
        try (PostgresServer server = PostgresServer.builder(NEWEST)
                .tls(files)
                .hba("hostssl all certified all cert", "local all all trust")
                .start()) {
            server.execute("CREATE ROLE certified LOGIN");
            try (PostgresConnection connection = PostgresConnection.open(Servers.settings(server)
                    .user("certified")
                    .database("postgres")
                    .sslMode(SslMode.VERIFY_FULL)
                    .build())) {
                assertThat(connection.encrypted()).isTrue();
            }
        } finally {
            System.setProperty("user.home", realHome);
        }
    }

    @Test
    void anUnusableFileInTheHomeDirectoryEndsPreferInPlainAndRequireInAnError(@TempDir Path home) throws IOException {
        Path directory = Files.createDirectory(home.resolve(".postgresql"));
        Files.writeString(directory.resolve("postgresql.crt"), "no certificate");
        String realHome = System.setProperty("user.home", home.toString());
        try {
            try (PostgresConnection connection =
                    PostgresConnection.open(Servers.settings(NEWEST).build())) {
                assertThat(encryptedByServer(connection)).isFalse();
            }
            assertThatThrownBy(() -> PostgresConnection.open(
                            Servers.settings(NEWEST).sslMode(SslMode.REQUIRE).build()))
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("cannot read the client certificate file " + directory);
            PostgresConnection.open(
                            Servers.settings(NEWEST).sslMode(SslMode.DISABLE).build())
                    .close();
        } finally {
            System.setProperty("user.home", realHome);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void tellsWhenTheServerWantsAClientCertificate(int major) {
        assertThatThrownBy(() -> PostgresConnection.open(trusting(major, SslMode.VERIFY_FULL)
                        .user("certified")
                        .database("postgres")
                        .build()))
                .isInstanceOf(ServerErrorException.class)
                .hasMessageContaining("certificate");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void tellsWhenTheServerDoesNotTrustTheClientCertificate(int major) {
        TlsFiles other = TlsFiles.builder().clientName("certified").create();
        assertThatThrownBy(() -> PostgresConnection.open(trusting(major, SslMode.VERIFY_FULL)
                        .user("certified")
                        .database("postgres")
                        .sslCertificate(other.clientCertificate())
                        .sslKey(other.clientKey())
                        .build()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("sslmode verify-full")
                .hasMessageContaining("the server ended the TLS connection: ")
                .hasMessageContaining("unknown_ca")
                .hasMessageContaining("the client certificate in " + other.clientCertificate())
                .hasMessageContaining("set sslCertificate and sslKey to one that an authority in its ssl_ca_file");
    }

    @ParameterizedTest
    @CsvSource({"RSA, SHA384withRSA", "EC, SHA512withECDSA"})
    void bindsScramToCertificatesOfOtherAlgorithms(String key, String signature) {
        TlsFiles files = TlsFiles.builder().algorithms(key, signature).create();
        try (PostgresServer server = PostgresServer.builder(NEWEST)
                .tls(files)
                .hba("hostssl all all all scram-sha-256", "local all all trust")
                .start()) {
            server.execute("CREATE ROLE scram LOGIN PASSWORD 'secret'");
            try (PostgresConnection connection = PostgresConnection.open(Servers.settings(server)
                    .user("scram")
                    .database("postgres")
                    .password("secret")
                    .sslMode(SslMode.VERIFY_FULL)
                    .sslRootCertificate(files.rootCertificate())
                    .build())) {
                assertThat(connection.saslMechanism()).contains("SCRAM-SHA-256-PLUS");
            }
        }
    }

    @Test
    void speaksTls12Too() {
        try (PostgresServer server = PostgresServer.builder(NEWEST)
                .tls()
                .setting("ssl_max_protocol_version", "TLSv1.2")
                .start()) {
            try (PostgresConnection connection = PostgresConnection.open(Servers.settings(server)
                    .sslMode(SslMode.VERIFY_FULL)
                    .sslRootCertificate(server.tlsFiles().rootCertificate())
                    .build())) {
                assertThat(connection
                                .query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                                .single()
                                .required(0))
                        .isEqualTo("TLSv1.2");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void carriesMegabytesInBothDirections(int major) {
        try (PostgresConnection connection =
                PostgresConnection.open(trusting(major, SslMode.VERIFY_FULL).build())) {
            String text = "0123456789abcdef".repeat(200_000);
            assertThat(connection
                            .query("SELECT md5('" + text + "'), '" + text + "'")
                            .single()
                            .required(1))
                    .isEqualTo(text);
        }
    }
}
