// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourceOptionsTest {
    private static PostgresSourceConfig config(SourceOptions options) {
        return new SourceConfigurations("me", Path.of("/nowhere"), warning -> {}).configuration(options);
    }

    @Test
    void letsTheUpperLayerCoverTheLowerOne() {
        SourceOptions commandLine = SourceOptions.none().with(SourceOption.HOST, "cli", "--host");
        SourceOptions uri = SourceOptions.ofConnectionString("postgresql://uri:1111/uri");
        SourceOptions yaml = ConfigFile.parse("f", "{host: yaml, port: 2222, database: yaml, user: yaml}")
                .get(0);
        SourceOptions environment = SourceOptions.ofEnvironment(
                Map.of("PGHOST", "env", "PGPORT", "3333", "PGDATABASE", "env", "PGUSER", "env", "PGPASSWORD", "env"));
        PostgresSourceConfig config = config(uri.over(commandLine).over(yaml).over(environment));
        assertThat(config.host()).isEqualTo("uri");
        assertThat(config.port()).isEqualTo("1111");
        assertThat(config.database()).isEqualTo("uri");
        assertThat(config.user()).isEqualTo("yaml");
        assertThat(config.passwordSupplier().get()).hasValue("env".toCharArray());
    }

    @Test
    void checksTheNameOfTheServerWithTheRootsOfTheSystemUnlessItIsToldOtherwise() {
        SourceOptions roots = SourceOptions.ofEnvironment(Map.of("PGSSLROOTCERT", "system"));
        assertThat(config(roots).sslMode().libpqName()).isEqualTo("verify-full");
        assertThatThrownBy(() -> config(roots.with(SourceOption.SSL_MODE, "require", "--ssl-mode")))
                .hasMessageStartingWith("ssl_root_cert = system needs ssl_mode = verify-full, was require");
    }

    @Test
    void readsLibpqsEnvironment() {
        PostgresSourceConfig config = config(SourceOptions.ofEnvironment(Map.of(
                "PGHOST", "/srv/sockets",
                "PGPORT", "5433",
                "PGUSER", "drasi",
                "PGSSLMODE", "require",
                "PGSSLROOTCERT", "/ca.pem",
                "PGSSLCERT", "/client.pem",
                "PGSSLKEY", "/client.key",
                "PGCONNECT_TIMEOUT", "7",
                "PGDATABASE", "")));
        assertThat(config.host()).isEqualTo("/srv/sockets");
        assertThat(config.port()).isEqualTo("5433");
        assertThat(config.database()).as("the user's name, as in libpq").isEqualTo("drasi");
        assertThat(config.sslMode().libpqName()).isEqualTo("require");
        assertThat(config.sslRootCert()).contains(Path.of("/ca.pem"));
        assertThat(config.sslCert()).contains(Path.of("/client.pem"));
        assertThat(config.sslKey()).contains(Path.of("/client.key"));
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void namesTheVariableWhoseValueIsWrong() {
        assertThatThrownBy(() -> config(SourceOptions.ofEnvironment(Map.of("PGPORT", "abc"))))
                .isInstanceOf(OptionException.class)
                .hasMessage("PGPORT must be a number from 1 to 65,535, was 'abc'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1"})
    void takesATimeoutWithoutLimitForTheLongest(String value) {
        assertThat(config(SourceOptions.ofEnvironment(Map.of("PGCONNECT_TIMEOUT", value)))
                        .connectTimeout())
                .isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void namesTheVariableWhoseDurationIsOutOfBounds() {
        assertThatThrownBy(() -> config(SourceOptions.ofEnvironment(Map.of("PGCONNECT_TIMEOUT", "601"))))
                .isInstanceOf(OptionException.class)
                .hasMessage("PGCONNECT_TIMEOUT must be 100ms to 10m, was '601'");
    }

    @Test
    void looksThePasswordUpAtEachConnect(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("pass");
        Files.writeString(file, "db:5433:shop:drasi:first\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        PostgresSourceConfig config = config(SourceOptions.ofConnectionString("postgresql://drasi@db:5433/shop")
                .over(SourceOptions.ofEnvironment(Map.of("PGPASSFILE", file.toString()))));
        assertThat(config.passwordSupplier().get()).hasValue("first".toCharArray());
        Files.writeString(file, "db:5433:shop:drasi:second\n");
        assertThat(config.passwordSupplier().get()).hasValue("second".toCharArray());
    }

    @Test
    void refusesSeveralHosts() {
        assertThatThrownBy(() -> config(SourceOptions.ofConnectionString("postgresql://a,b:5432/shop")))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("only one is supported");
    }

    @ParameterizedTest
    @ValueSource(strings = {"keepalives=1", "gssencmode=prefer", "channel_binding=prefer", "target_session_attrs=any"})
    void takesParametersThatAreFulfilledAnyway(String parameter) {
        assertThatCode(() -> config(SourceOptions.ofConnectionString("postgresql://h/d?" + parameter)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "target_session_attrs=read-write",
                "gssencmode=require",
                "service=x",
                "hostaddr=1.2.3.4",
                "nonsense=1"
            })
    void refusesParametersThatItCannotFulfil(String parameter) {
        assertThatThrownBy(() -> SourceOptions.ofConnectionString("postgresql://u:secret@h/d?" + parameter))
                .isInstanceOf(OptionException.class)
                .message()
                .contains(parameter.substring(0, parameter.indexOf('=')))
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "PGSERVICE, x, PGSERVICE is not supported",
        "PGHOSTADDR, 127.0.0.1, PGHOSTADDR is not supported",
        "PGREQUIREAUTH, scram-sha-256, PGREQUIREAUTH is not supported",
        "PGSSLCRL, /crl.pem, PGSSLCRL is not supported",
        "PGOPTIONS, -c geqo=off, PGOPTIONS is not supported",
        "PGREQUIREPEER, postgres, PGREQUIREPEER is not supported",
        "PGCHANNELBINDING, require, 'PGCHANNELBINDING may only be prefer, was ''require'''",
        "PGTARGETSESSIONATTRS, primary, 'PGTARGETSESSIONATTRS may only be any, was ''primary'''",
        "PGGSSENCMODE, require, 'PGGSSENCMODE may only be disable or prefer, was ''require'''",
        "PGSSLNEGOTIATION, direct, 'PGSSLNEGOTIATION may only be postgres, was ''direct'''"
    })
    void refusesVariablesThatItCannotFulfil(String variable, String value, String message) {
        assertThatThrownBy(() -> SourceOptions.ofEnvironment(Map.of(variable, value)))
                .isInstanceOf(OptionException.class)
                .hasMessage(message);
        assertThatCode(() -> SourceOptions.ofEnvironment(Map.of(variable, ""))).doesNotThrowAnyException();
    }

    @Test
    void takesVariablesThatAreFulfilledAnyway() {
        assertThatCode(() -> SourceOptions.ofEnvironment(Map.of(
                        "PGAPPNAME", "x",
                        "PGCHANNELBINDING", "prefer",
                        "PGGSSENCMODE", "disable",
                        "PGSSLMINPROTOCOLVERSION", "TLSv1.2",
                        "PGTZ", "Europe/Berlin")))
                .doesNotThrowAnyException();
    }

    @Test
    void readsTableKeysOfTheCommandLine() {
        assertThat(TableKeyText.parse("users=user_id, other"))
                .isEqualTo(new TableKeyConfig("users", List.of("user_id", "other")));
        for (String wrong : List.of("users", "users=", "=a", "")) {
            assertThatThrownBy(() -> TableKeyText.parse(wrong))
                    .isInstanceOf(OptionException.class)
                    .hasMessageContaining("--table-key must be table=column");
        }
    }

    @Test
    void neverShowsASecret() {
        SourceOptions options = SourceOptions.ofConnectionString("postgresql://u:secret@h/d");
        assertThat(options.toString() + config(options)).doesNotContain("secret");
        assertThat(options.get(SourceOption.PASSWORD).orElseThrow().toString()).doesNotContain("secret");
    }
}
