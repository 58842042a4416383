// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.AuthenticationException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.PostgresServer;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoginIT {
    private static final int NEWEST = 18;

    static List<Integer> majors() {
        return Servers.majors();
    }

    private static ConnectionSettingsBuilder as(int major, String user, String password) {
        return Servers.settings(major).database("postgres").user(user).password(password);
    }

    @ParameterizedTest
    @MethodSource("majors")
    void logsInWithScramOverPlainTcp(int major) {
        try (PostgresConnection connection = PostgresConnection.open(
                as(major, "scram", "scram secret").sslMode(SslMode.DISABLE).build())) {
            assertThat(connection.saslMechanism()).contains("SCRAM-SHA-256");
            assertThat(connection.encrypted()).isFalse();
            assertThat(connection.query("SELECT current_user").single().required(0))
                    .isEqualTo("scram");
            assertThat(connection.serverVersionNumber() / 10_000).isEqualTo(major);
            assertThat(connection.query("SHOW server_version_num").single().requiredLong(0))
                    .isEqualTo(connection.serverVersionNumber());
            assertThat(connection.query("SELECT pg_backend_pid()").single().requiredLong(0))
                    .isEqualTo(connection.backendPid());
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void bindsScramToTheTlsChannelWhereTheServerCan(int major) {
        try (PostgresConnection connection = PostgresConnection.open(
                as(major, "scram", "scram secret").sslMode(SslMode.REQUIRE).build())) {
            assertThat(connection.encrypted()).isTrue();
            assertThat(connection.saslMechanism()).contains(major >= 11 ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256");
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void reportsAWrongPassword(int major) {
        assertThatThrownBy(() -> PostgresConnection.open(
                        as(major, "scram", "wrong").sslMode(SslMode.DISABLE).build()))
                .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                    assertThat(e.sqlState()).isEqualTo("28P01");
                    assertThat(e.retryable()).isFalse();
                })
                .hasMessageContaining(Servers.shared(major).host() + ":"
                        + Servers.shared(major).port())
                .hasMessageContaining("as user scram to database postgres")
                .hasMessageContaining("password authentication failed for user \"scram\"")
                .message()
                .doesNotContain("wrong");
    }

    @Test
    void reportsAnUnknownUserAndDatabase() {
        assertThatThrownBy(() -> PostgresConnection.open(
                        as(NEWEST, "nobody", "x").sslMode(SslMode.DISABLE).build()))
                .isInstanceOfSatisfying(
                        ServerErrorException.class,
                        e -> assertThat(e.sqlState()).startsWith("28"))
                .hasMessageContaining("nobody");
        assertThatThrownBy(() -> PostgresConnection.open(
                        Servers.settings(NEWEST).database("no such database").build()))
                .isInstanceOfSatisfying(
                        ServerErrorException.class,
                        e -> assertThat(e.sqlState()).isEqualTo("3D000"))
                .hasMessageContaining("no such database");
    }

    @Test
    void reportsAUserWithoutTheRightToReplicate() {
        assertThatThrownBy(() -> ReplicationConnection.open(
                        as(NEWEST, "scram", "scram secret").build()))
                .isInstanceOfSatisfying(
                        ServerErrorException.class,
                        e -> assertThat(e.sqlState()).isEqualTo("42501"))
                .hasMessageContaining("for replication");
        ReplicationConnection.open(as(NEWEST, "replicator", "").build()).close();
    }

    @ParameterizedTest
    @MethodSource("majors")
    void takesPasswordsOfAnyCharacters(int major) {
        PostgresServer server = Servers.shared(major);
        List<String> passwords = List.of(
                "with space",
                " it's \"quoted\" \\ ",
                "pässwörd",
                "日本語のパスワード",
                "soft\u00adhyphen",
                "no\u00a0break",
                "ligature ﬁ",
                "emoji 🐘",
                "bell\u0007",
                "unassigned \u0378");
        for (String password : passwords) {
            server.execute("ALTER ROLE scram PASSWORD " + Sql.literal(password));
            PostgresConnection.open(as(major, "scram", password)
                            .sslMode(SslMode.DISABLE)
                            .build())
                    .close();
        }
        // SASLprep: the soft hyphen counts for nothing, a no-break space is a space.
        server.execute("ALTER ROLE scram PASSWORD 'soft\u00adhyphen no\u00a0break'");
        PostgresConnection.open(as(major, "scram", "softhyphen no break").build())
                .close();
        server.execute("ALTER ROLE scram PASSWORD 'scram secret'");
    }

    @Test
    void asksThePasswordSupplierAtEveryConnect() {
        PostgresServer server = Servers.shared(NEWEST);
        Queue<String> passwords = new ArrayDeque<>(List.of("monday", "tuesday"));
        var settings = as(NEWEST, "scram", "")
                .passwordSupplier(() -> Optional.of(passwords.remove().toCharArray()))
                .build();
        server.execute("ALTER ROLE scram PASSWORD 'monday'");
        PostgresConnection.open(settings).close();
        server.execute("ALTER ROLE scram PASSWORD 'tuesday'");
        PostgresConnection.open(settings).close();
        assertThat(passwords).isEmpty();
        server.execute("ALTER ROLE scram PASSWORD 'scram secret'");
    }

    @Test
    void doesNotAskForAPasswordThatNobodyWants() {
        PostgresConnection.open(Servers.settings(NEWEST)
                        .passwordSupplier(() -> {
                            throw new AssertionError("asked");
                        })
                        .build())
                .close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"DISABLE", "REQUIRE"})
    void sendsACleartextPasswordOverLoopbackAndTls(String mode) {
        try (PostgresConnection connection = PostgresConnection.open(as(NEWEST, "cleartext", "clear secret")
                .sslMode(SslMode.valueOf(mode))
                .build())) {
            assertThat(connection.query("SELECT current_user").single().required(0))
                    .isEqualTo("cleartext");
            assertThat(connection.saslMechanism()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void refusesMd5AndSaysWhatToConfigure(int major) {
        assertThatThrownBy(() -> PostgresConnection.open(
                        as(major, "legacy", "old secret").build()))
                .isInstanceOfSatisfying(
                        AuthenticationException.class,
                        e -> assertThat(e.retryable()).isFalse())
                .hasMessageContaining("MD5")
                .hasMessageContaining("SET password_encryption = 'scram-sha-256'")
                .hasMessageContaining("pg_hba.conf");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void connectsOverAUnixSocketWithoutTlsInAnyMode(int major) {
        PostgresServer server = Servers.shared(major);
        for (SslMode mode : SslMode.values()) {
            try (PostgresConnection connection = PostgresConnection.open(as(major, "scram", "")
                    .host(server.socketDirectory())
                    .sslMode(mode)
                    .build())) {
                assertThat(connection.encrypted()).isFalse();
                assertThat(connection
                                .query("SELECT inet_client_addr() IS NULL")
                                .single()
                                .requiredBoolean(0))
                        .isTrue();
            }
        }
        try (ReplicationConnection connection = ReplicationConnection.open(
                as(major, "replicator", "").host(server.socketDirectory()).build())) {
            assertThat(connection.identifySystem().database()).contains("postgres");
        }
    }

    @Test
    void connectsByHostName() {
        try (PostgresConnection connection = PostgresConnection.open(
                Servers.settings(NEWEST).host("localhost").build())) {
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void takesNamesOfAnyCharacters(int major) {
        PostgresServer server = Servers.shared(major);
        String name = "Größe \"1\" — 東京";
        server.execute("CREATE ROLE " + Sql.identifier(name) + " LOGIN SUPERUSER");
        server.createDatabase(name);
        try (PostgresConnection connection = PostgresConnection.open(as(major, name, "")
                        .host(server.socketDirectory())
                        .database(name)
                        .build());
                ReplicationConnection replication = ReplicationConnection.open(as(major, name, "")
                        .host(server.socketDirectory())
                        .database(name)
                        .build())) {
            var row =
                    connection.query("SELECT current_user, current_database()").single();
            assertThat(row.required(0)).isEqualTo(name);
            assertThat(row.required(1)).isEqualTo(name);
            assertThat(replication.identifySystem().database()).contains(name);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void overridesTheRolesSettingsByParametersInBothKindsOfSession(int major) {
        PostgresServer server = Servers.shared(major);
        server.execute(
                "ALTER ROLE replicator SET DateStyle = 'German'",
                "ALTER ROLE replicator SET search_path = 'nowhere'",
                "ALTER ROLE replicator SET client_encoding = 'LATIN1'");
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("DateStyle", "ISO, YMD");
        parameters.put("search_path", "pg_catalog");
        parameters.put("extra_float_digits", "3");
        var settings = as(major, "replicator", "")
                .parameters(parameters)
                .applicationName("häppy app")
                .build();
        try (PostgresConnection ordinary = PostgresConnection.open(settings);
                ReplicationConnection replication = ReplicationConnection.open(settings)) {
            for (Map.Entry<String, String> parameter : parameters.entrySet()) {
                String show = "SHOW " + parameter.getKey();
                assertThat(ordinary.query(show).single().required(0)).isEqualTo(parameter.getValue());
                assertThat(replication.query(show).single().required(0)).isEqualTo(parameter.getValue());
            }
            assertThat(ordinary.parameter("client_encoding")).contains("UTF8");
            assertThat(ordinary.parameter("DateStyle")).contains("ISO, YMD");
            assertThat(ordinary.parameter("no_such")).isEmpty();
        }
    }
}
