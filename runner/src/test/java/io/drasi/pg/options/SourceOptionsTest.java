// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.ServerAddress;
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
    void takesSeveralHosts() {
        PostgresSourceConfig config = config(SourceOptions.ofConnectionString(
                "postgresql://a,b:5433,[::1]:5434/shop?target_session_attrs=read-write"));
        assertThat(config.servers())
                .containsExactly(
                        new ServerAddress("a", 5432), new ServerAddress("b", 5433), new ServerAddress("::1", 5434));
        assertThat(config.targetSessionAttributes()).isEqualTo(TargetSessionAttributes.READ_WRITE);
        PostgresSourceConfig ofEnvironment = config(SourceOptions.ofEnvironment(
                Map.of("PGHOST", "a,/srv/b", "PGPORT", "5433", "PGTARGETSESSIONATTRS", "primary")));
        assertThat(ofEnvironment.servers())
                .containsExactly(new ServerAddress("a", 5433), new ServerAddress("/srv/b", 5433));
        assertThat(ofEnvironment.targetSessionAttributes()).isEqualTo(TargetSessionAttributes.PRIMARY);
        assertThat(config(SourceOptions.ofConnectionString("host=a,b port=,5433"))
                        .servers())
                .containsExactly(new ServerAddress("a", 5432), new ServerAddress("b", 5433));
        assertThat(config(SourceOptions.ofConnectionString("postgresql://a,b/shop"))
                        .servers())
                .containsExactly(new ServerAddress("a", 5432), new ServerAddress("b", 5432));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host=a target_session_attrs=master|target_session_attrs in the connection string must be one of",
                "host=a,b port=1,2,3|port must be one for all hosts or one for each, but there are 3",
                "host=a port=1,2|but there are 2",
                "host=a,,b|host must not be blank"
            })
    void saysWhatIsWrongWithSeveralHosts(String text, String message) {
        assertThatThrownBy(() -> config(SourceOptions.ofConnectionString(text)))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void looksThePasswordOfEachHostUp(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("pass");
        Files.writeString(file, "db1:5433:shop:drasi:first\ndb2:5434:shop:drasi:second\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        PostgresSourceConfig config =
                config(SourceOptions.ofConnectionString("postgresql://drasi@db1:5433,db2:5434/shop")
                        .over(SourceOptions.ofEnvironment(Map.of("PGPASSFILE", file.toString()))));
        assertThat(config.passwordSupplier().get("db1", 5433)).hasValue("first".toCharArray());
        assertThat(config.passwordSupplier().get("db2", 5434)).hasValue("second".toCharArray());
        assertThat(config.passwordSupplier().get("db2", 5433)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"keepalives=1", "gssencmode=prefer", "channel_binding=prefer", "load_balance_hosts=disable"})
    void takesParametersThatAreFulfilledAnyway(String parameter) {
        assertThatCode(() -> config(SourceOptions.ofConnectionString("postgresql://h/d?" + parameter)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"load_balance_hosts=random", "gssencmode=require", "service=x", "hostaddr=1.2.3.4", "nonsense=1"
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
        "PGLOADBALANCEHOSTS, random, 'PGLOADBALANCEHOSTS may only be disable, was ''random'''",
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
