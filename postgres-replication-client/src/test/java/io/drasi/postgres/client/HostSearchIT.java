// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Several hosts, as libpq takes them. */
class HostSearchIT {
    static List<Integer> majors() {
        return Servers.majors();
    }

    private static ConnectionSettings nobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return ConnectionSettings.builder()
                    .host("127.0.0.1")
                    .port(socket.getLocalPort())
                    .user("postgres")
                    .build();
        }
    }

    private static void requireRefused(ConnectionSettings host, TargetSessionAttributes target, String why) {
        assertThatThrownBy(() -> PostgresConnection.open(List.of(host), target))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessage("connecting to " + host.serverName() + ": " + why + ", but target_session_attrs is "
                        + target.libpqName());
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("majors")
    void asksWhetherTheServerHasTheWantedRole(int major) {
        ConnectionSettings writable = Servers.settings(major).build();
        ConnectionSettings readOnly = Servers.settings(major)
                .parameter("default_transaction_read_only", "on")
                .build();
        requireRefused(writable, TargetSessionAttributes.READ_ONLY, "session is not read-only");
        requireRefused(readOnly, TargetSessionAttributes.READ_WRITE, "session is read-only");
        requireRefused(readOnly, TargetSessionAttributes.STANDBY, "server is not in hot standby mode");
        PostgresConnection.open(List.of(writable), TargetSessionAttributes.READ_WRITE)
                .close();
        PostgresConnection.open(List.of(readOnly), TargetSessionAttributes.READ_ONLY)
                .close();
        PostgresConnection.open(List.of(readOnly), TargetSessionAttributes.PRIMARY)
                .close();
        PostgresConnection.open(List.of(writable), TargetSessionAttributes.PREFER_STANDBY)
                .close();
        PostgresConnection.open(List.of(writable), TargetSessionAttributes.ANY).close();
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("majors")
    void takesTheNextHostButNotAfterARefusedLogin(int major) throws IOException {
        ConnectionSettings dead = nobody();
        ConnectionSettings unknown =
                Servers.settings(major).host("no-such-host.invalid").build();
        List<String> asked = new ArrayList<>();
        PasswordSupplier byHost = new PasswordSupplier() {
            @Override
            public Optional<char[]> get() {
                throw new AssertionError("the host is known");
            }

            @Override
            public Optional<char[]> get(String host, int port) {
                asked.add(host + ":" + port);
                return Optional.of("scram secret".toCharArray());
            }
        };
        ConnectionSettings real = Servers.settings(major)
                .host("localhost")
                .user("scram")
                .database("postgres")
                .passwordSupplier(byHost)
                .build();
        try (PostgresConnection connection =
                PostgresConnection.open(List.of(dead, unknown, real), TargetSessionAttributes.PRIMARY)) {
            ConnectionSettings same = connection.sameServer();
            assertThat(same.host()).isEqualTo("localhost");
            assertThat(same.hostAddress()).contains(InetAddress.getLoopbackAddress());
            PostgresConnection.open(same).close();
        }
        assertThat(asked).hasSize(2).containsOnly("localhost:" + real.port());

        ConnectionSettings refused = Servers.settings(major)
                .user("scram")
                .database("postgres")
                .password("wrong")
                .build();
        assertThatThrownBy(() -> PostgresConnection.open(List.of(dead, refused, real), TargetSessionAttributes.ANY))
                .isInstanceOfSatisfying(
                        PostgresClientException.class,
                        e -> assertThat(e.retryable()).isFalse())
                .hasMessageContaining("password authentication failed");
        assertThat(asked).hasSize(2);
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("majors")
    void checksTheNameOfTheHostThatItIsAt(int major) throws IOException {
        ConnectionSettings verified = Servers.settings(major)
                .host("localhost")
                .sslMode(SslMode.VERIFY_FULL)
                .sslRootCertificate(Servers.shared(major).tlsFiles().rootCertificate())
                .build();
        PostgresConnection.open(List.of(nobody(), verified), TargetSessionAttributes.ANY)
                .close();
        ConnectionSettings other = verified.toBuilder()
                .host("db.example.com")
                .hostAddress(InetAddress.getLoopbackAddress())
                .build();
        assertThatThrownBy(() -> PostgresConnection.open(List.of(other, verified), TargetSessionAttributes.ANY))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("is not for the host 'db.example.com'");
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("majors")
    void tellsWhatEachHostSaid(int major) throws IOException {
        ConnectionSettings dead = nobody();
        ConnectionSettings primary = Servers.settings(major).build();
        assertThatThrownBy(() -> PostgresConnection.open(List.of(dead, primary), TargetSessionAttributes.STANDBY))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageStartingWith("none of the 2 hosts led to a session: connecting to " + dead.serverName())
                .hasMessageContaining(
                        "; connecting to " + primary.serverName() + ": server is not in hot standby mode");
    }
}
