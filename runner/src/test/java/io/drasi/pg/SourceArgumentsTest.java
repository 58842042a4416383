// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.pg.options.OptionException;
import io.drasi.pg.options.SourceConfigurations;
import io.drasi.pg.options.SourceOptions;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.config.Streaming;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class SourceArgumentsTest {
    @TempDir
    private Path directory;

    @Command
    private static final class Host {
        @Mixin
        private SourceArguments arguments = new SourceArguments();
    }

    private static List<SourceOptions> read(Map<String, String> environment, String... arguments) {
        Host host = new Host();
        new CommandLine(host).parseArgs(arguments);
        return host.arguments.read(environment);
    }

    private static PostgresSourceConfig config(SourceOptions options) {
        return new SourceConfigurations("me", Path.of("/nowhere"), warning -> {}).configuration(options);
    }

    private static PostgresSourceConfig config(String... arguments) {
        List<SourceOptions> sources = read(Map.of(), arguments);
        assertThat(sources).hasSize(1);
        return config(sources.get(0));
    }

    @Test
    void takesLibpqsShortNames() {
        PostgresSourceConfig config = config("-h", "db", "-p", "5433", "-U", "drasi", "-d", "shop");
        assertThat(config.host()).isEqualTo("db");
        assertThat(config.port()).isEqualTo("5433");
        assertThat(config.user()).isEqualTo("drasi");
        assertThat(config.database()).isEqualTo("shop");
    }

    @Test
    void takesEveryOption() {
        PostgresSourceConfig config = config(
                "--id=shop",
                "--host=/srv/sockets",
                "--port=5433",
                "--dbname=shop",
                "--username=drasi",
                "--ssl-mode=require",
                "--ssl-root-cert=/ca.pem",
                "--ssl-cert=/c.pem",
                "--ssl-key=/k.pem",
                "--connect-timeout=3",
                "--tables=users,sales.orders",
                "--tables=Third",
                "--slot-name=slot",
                "--publication-name=My Publication",
                "--create-publication",
                "--slot-held=fail",
                "--on-position-lost=bootstrap",
                "--retention-warning=500MB",
                "--table-key=users=user_id,other",
                "--table-key=sales.orders=id",
                "--dispatch-mode=broadcast",
                "--dispatch-buffer-capacity=7",
                "--max-transaction-memory=2MB",
                "--temp-dir=/var/spool/drasi",
                "--streaming=off",
                "--two-phase",
                "--bootstrap-batch-size=8",
                "--peer-timeout=2m",
                "--status-interval=1s",
                "--allow-cleartext-password");
        assertThat(config.id()).isEqualTo("shop");
        assertThat(config.host()).isEqualTo("/srv/sockets");
        assertThat(config.sslMode().libpqName()).isEqualTo("require");
        assertThat(config.sslRootCert()).contains(Path.of("/ca.pem"));
        assertThat(config.sslCert()).contains(Path.of("/c.pem"));
        assertThat(config.sslKey()).contains(Path.of("/k.pem"));
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.tables()).containsExactly("users", "sales.orders", "Third");
        assertThat(config.slotName()).isEqualTo("slot");
        assertThat(config.publicationName()).isEqualTo("My Publication");
        assertThat(config.createPublication()).isTrue();
        assertThat(config.slotHeld()).isEqualTo(SlotHeld.FAIL);
        assertThat(config.onPositionLost()).isEqualTo(OnPositionLost.BOOTSTRAP);
        assertThat(config.retentionWarning()).isEqualTo(500L << 20);
        assertThat(config.tableKeys())
                .containsExactly(
                        new TableKeyConfig("users", List.of("user_id", "other")),
                        new TableKeyConfig("sales.orders", List.of("id")));
        assertThat(config.dispatchMode()).isEqualTo(DispatchMode.BROADCAST);
        assertThat(config.dispatchBufferCapacity()).isEqualTo(7);
        assertThat(config.maxTransactionMemory()).isEqualTo(2L << 20);
        assertThat(config.tempDir()).isEqualTo(Path.of("/var/spool/drasi"));
        assertThat(config.streaming()).isEqualTo(Streaming.OFF);
        assertThat(config.twoPhase()).isTrue();
        assertThat(config.bootstrapBatchSize()).isEqualTo(8);
        assertThat(config.peerTimeout()).isEqualTo(Duration.ofMinutes(2));
        assertThat(config.statusInterval()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.allowCleartextPassword()).isTrue();
    }

    @Test
    void tellsABootstrapThatWasAskedForFromOneThatWasNot() {
        assertThat(SourceConfigurations.bootstrap(read(Map.of()).get(0))).isEmpty();
        assertThat(SourceConfigurations.bootstrap(read(Map.of(), "--bootstrap").get(0)))
                .contains(true);
        assertThat(SourceConfigurations.bootstrap(
                        read(Map.of(), "--no-bootstrap").get(0)))
                .contains(false);
    }

    @Test
    void takesAUriAsTheDatabaseOrAsTheOnlyArgument() {
        String uri = "postgresql://drasi@db:5433/shop?sslmode=disable";
        for (String[] arguments : new String[][] {{"--dbname", uri}, {uri}}) {
            PostgresSourceConfig config = config(arguments);
            assertThat(config.host()).isEqualTo("db");
            assertThat(config.database()).isEqualTo("shop");
            assertThat(config.sslMode().libpqName()).isEqualTo("disable");
        }
        assertThat(config("shop").database()).isEqualTo("shop");
        assertThatThrownBy(() -> read(Map.of(), "shop", "-d", "other"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("given twice");
    }

    @Test
    void letsUriCommandLineFileAndEnvironmentCoverEachOtherInThisOrder() throws Exception {
        Path file = directory.resolve("f.yaml");
        Files.writeString(file, "{host: yaml, port: 3, user: yaml, id: yaml}");
        PostgresSourceConfig config = config(read(
                        Map.of("PGHOST", "env", "PGPORT", "4", "PGUSER", "env", "PGDATABASE", "env"),
                        "--host=cli",
                        "--port=2",
                        "--dbname=postgresql://uri/",
                        "--config=" + file)
                .get(0));
        assertThat(config.host()).isEqualTo("uri");
        assertThat(config.port()).isEqualTo("2");
        assertThat(config.user()).isEqualTo("yaml");
        assertThat(config.database()).isEqualTo("env");
        assertThat(config.id()).isEqualTo("yaml");
    }

    @Test
    void takesEmptyValuesForValuesThatAreNotGiven() throws Exception {
        Path file = directory.resolve("f.yaml");
        Files.writeString(file, "{host: yaml, user: '', password: '', ssl_mode: '', tables: [users], slot_name: \"\"}");
        PostgresSourceConfig config = config(read(
                        Map.of("PGUSER", "env", "PGPASSWORD", "env"),
                        "--config=" + file,
                        "-h",
                        "",
                        "--port=",
                        "-d",
                        "",
                        "--tables=")
                .get(0));
        assertThat(config.host()).isEqualTo("yaml");
        assertThat(config.port()).isEqualTo("5432");
        assertThat(config.user()).isEqualTo("env");
        assertThat(config.database()).as("the user's name, as in libpq").isEqualTo("env");
        assertThat(config.passwordSupplier().get()).hasValue("env".toCharArray());
        assertThat(config.tables()).containsExactly("users");
        assertThat(config.slotName()).isEqualTo("drasi_slot");
    }

    @Test
    void appliesConnectionOptionsToEachOfSeveralSourcesButNotTheirOwn() throws Exception {
        Path file = directory.resolve("f.yaml");
        Files.writeString(file, "sources: [{id: a, slot_name: a}, {id: b, slot_name: b}]");
        assertThat(read(Map.of(), "--config=" + file, "--port=5433"))
                .map(options -> config(options).id() + config(options).port())
                .containsExactly("a5433", "b5433");
        assertThatThrownBy(() -> read(Map.of(), "--config=" + file, "--slot-name=x"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("--slot-name");
    }
}
