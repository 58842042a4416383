// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConnectionSettingsTest {
    private static ConnectionSettingsBuilder valid() {
        return ConnectionSettings.builder().user("drasi");
    }

    @Test
    void hasTheDefaultsOfLibpq() {
        ConnectionSettings settings = valid().build();
        assertThat(settings.host()).isEqualTo("localhost");
        assertThat(settings.port()).isEqualTo(5432);
        assertThat(settings.database()).isEqualTo("drasi");
        assertThat(settings.sslMode()).isEqualTo(SslMode.PREFER);
        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.peerTimeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(settings.passwordSupplier().get()).isEmpty();
        assertThat(settings.allowCleartextPassword()).isFalse();
    }

    @Test
    void namesTheServerByAddressOrSocketFile() {
        assertThat(valid().host("db").port(1).build().serverName()).isEqualTo("db:1");
        assertThat(valid().host("::1").build().serverName()).isEqualTo("[::1]:5432");
        ConnectionSettings unix = valid().host("/run/postgresql").port(6000).build();
        assertThat(unix.unixSocket()).isTrue();
        assertThat(unix.serverName()).isEqualTo("/run/postgresql/.s.PGSQL.6000");
    }

    @Test
    void keepsTheOrderOfParameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("search_path", "pg_catalog");
        parameters.put("DateStyle", "ISO");
        assertThat(valid().parameters(parameters).build().parameters().keySet())
                .containsExactly("search_path", "DateStyle");
    }

    @Test
    void doesNotShowPasswordsNorValuesOfParameters() {
        String text = valid().password("s3cret-password")
                .parameter("some.token", "s3cret-parameter")
                .build()
                .toString();
        assertThat(text).doesNotContain("s3cret").contains("localhost:5432", "drasi", "prefer", "some.token");
    }

    @Test
    void givesAFreshPasswordArrayEachTime() {
        PasswordSupplier supplier = PasswordSupplier.of("secret");
        char[] first = supplier.get().orElseThrow();
        first[0] = 'X';
        assertThat(supplier.get()).get().isEqualTo("secret".toCharArray());
    }

    @Test
    void rebuildsItself() {
        ConnectionSettings settings = valid().host("h")
                .port(1)
                .database("d")
                .password("p")
                .sslMode(SslMode.VERIFY_FULL)
                .sslRootCertificate(Path.of("root"))
                .sslCertificate(Path.of("cert"))
                .sslKey(Path.of("key"))
                .connectTimeout(Duration.ofSeconds(1))
                .peerTimeout(Duration.ofSeconds(2))
                .allowCleartextPassword(true)
                .applicationName("app")
                .parameter("a", "b")
                .maxFrameLength(1_000_000)
                .build();
        assertThat(settings.toBuilder().build()).isEqualTo(settings);
        assertThat(settings.sslKey()).isEqualTo(Optional.of(Path.of("key")));
    }

    @Test
    void rejectsWhatIsOutOfBoundsAndNamesIt() {
        rejects(ConnectionSettings.builder(), "database must not be empty");
        rejects(ConnectionSettings.builder().database("d"), "user must not be empty");
        rejects(valid().host(""), "host must not be empty");
        rejects(valid().port(0), "port must be 1 to 65,535, was 0");
        rejects(valid().port(65_536), "port must be 1 to 65,535, was 65536");
        rejects(valid().connectTimeout(Duration.ZERO), "connectTimeout must be greater than 0, was PT0S");
        rejects(valid().peerTimeout(Duration.ofSeconds(-1)), "peerTimeout must be greater than 0, was PT-1S");
        rejects(valid().maxFrameLength(10), "maxFrameLength must be 65536 to");
        rejects(valid().sslKey(Path.of("key")), "sslKey is set without sslCertificate");
        for (SslMode mode : SslMode.values()) {
            if (mode != SslMode.VERIFY_FULL) {
                rejects(
                        valid().sslRootCertificate(Path.of("system")).sslMode(mode),
                        "sslRootCertificate 'system' needs sslMode verify-full, was " + mode.libpqName());
            }
        }
        rejects(valid().parameter("user", "x"), "the parameter user is set by the client itself");
        rejects(valid().parameter("client_encoding", "LATIN1"), "client_encoding is set by the client itself");
        rejects(valid().parameter("Client_Encoding", "LATIN1"), "Client_Encoding is set by the client itself");
        rejects(valid().parameter("", "x"), "the name of a parameter must not be empty");
        rejects(valid().parameter("x", "\0"), "must not contain the character U+0000");
        rejects(valid().user("a\0b").database("d"), "user must not contain the character U+0000");
    }

    private static void rejects(ConnectionSettingsBuilder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessageContaining(message);
    }

    @Test
    void parsesTheNamesOfLibpqsSslmodes() {
        assertThat(SslMode.parse("verify-full")).isEqualTo(SslMode.VERIFY_FULL);
        for (SslMode mode : SslMode.values()) {
            assertThat(SslMode.parse(mode.libpqName())).isEqualTo(mode);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SslMode.parse("allow"))
                .withMessage("sslmode must be one of disable, prefer, require, verify-ca, verify-full, was 'allow'");
    }
}
