// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.config.ServerAddress;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.config.Streaming;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    private final SourceConfigurations configurations =
            new SourceConfigurations("me", Path.of("/nowhere"), warning -> {});

    private PostgresSourceConfig only(String yaml) {
        List<SourceOptions> sources = ConfigFile.parse("shop.yaml", yaml);
        assertThat(sources).hasSize(1);
        return configurations.configuration(sources.get(0));
    }

    @Test
    void readsEveryOptionOfTheSpecification() {
        PostgresSourceConfig config = only("""
                id: shop
                host: db.example.com
                port: 5433
                database: shop
                user: drasi
                password: "pa ss: #word"
                tables: [users, sales.orders, "a,b"]
                slot_name: shop_slot
                publication_name: Shop Publication
                slot_held: fail
                on_position_lost: bootstrap
                retention_warning: 2GB
                create_publication: true
                ssl_mode: verify-full
                ssl_root_cert: /etc/ca.pem
                ssl_cert: /etc/client.pem
                ssl_key: /etc/client.key
                table_keys:
                  - table: users
                    key_columns: [user_id]
                  - {table: public.order_items, key_columns: [order_id, "a,b=c"]}
                dispatch_mode: broadcast
                dispatch_buffer_capacity: 2000
                max_transaction_memory: 8MB
                temp_dir: /var/spool/drasi
                streaming: parallel
                two_phase: true
                auto_start: false
                bootstrap_batch_size: 500
                bootstrap_parallelism: 4
                connect_timeout: 3s
                peer_timeout: 2m
                status_interval: 5
                invalid_text: bytes
                row_format: text
                allow_cleartext_password: true
                """);
        assertThat(config.id()).isEqualTo("shop");
        assertThat(config.host()).isEqualTo("db.example.com");
        assertThat(config.port()).isEqualTo("5433");
        assertThat(config.database()).isEqualTo("shop");
        assertThat(config.user()).isEqualTo("drasi");
        assertThat(config.passwordSupplier().get()).hasValue("pa ss: #word".toCharArray());
        assertThat(config.tables()).containsExactly("users", "sales.orders", "a,b");
        assertThat(config.slotName()).isEqualTo("shop_slot");
        assertThat(config.publicationName()).isEqualTo("Shop Publication");
        assertThat(config.slotHeld()).isEqualTo(SlotHeld.FAIL);
        assertThat(config.onPositionLost()).isEqualTo(OnPositionLost.BOOTSTRAP);
        assertThat(config.retentionWarning()).isEqualTo(2L << 30);
        assertThat(config.createPublication()).isTrue();
        assertThat(config.sslMode()).isEqualTo(SslMode.VERIFY_FULL);
        assertThat(config.sslRootCert()).contains(Path.of("/etc/ca.pem"));
        assertThat(config.sslCert()).contains(Path.of("/etc/client.pem"));
        assertThat(config.sslKey()).contains(Path.of("/etc/client.key"));
        assertThat(config.tableKeys())
                .containsExactly(
                        new TableKeyConfig("users", List.of("user_id")),
                        new TableKeyConfig("public.order_items", List.of("order_id", "a,b=c")));
        assertThat(config.dispatchMode()).isEqualTo(DispatchMode.BROADCAST);
        assertThat(config.dispatchBufferCapacity()).isEqualTo(2000);
        assertThat(config.maxTransactionMemory()).isEqualTo(8L << 20);
        assertThat(config.tempDir()).isEqualTo(Path.of("/var/spool/drasi"));
        assertThat(config.streaming()).isEqualTo(Streaming.PARALLEL);
        assertThat(config.twoPhase()).isTrue();
        assertThat(config.autoStart()).isFalse();
        assertThat(config.invalidText()).isEqualTo(InvalidText.BYTES);
        assertThat(config.bootstrapParallelism()).isEqualTo(4);
        assertThat(config.rowFormat()).isEqualTo(RowFormat.TEXT);
        assertThat(config.bootstrapBatchSize()).isEqualTo(500);
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.peerTimeout()).isEqualTo(Duration.ofMinutes(2));
        assertThat(config.statusInterval()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.allowCleartextPassword()).isTrue();
    }

    @Test
    void takesListsOfHostsAndPorts() {
        PostgresSourceConfig config = only(
                "{host: [db1, '::1'], port: [5433, 5434], target_session_attrs: prefer-standby, failover_slot: true}");
        assertThat(config.servers()).containsExactly(new ServerAddress("db1", 5433), new ServerAddress("::1", 5434));
        assertThat(config.targetSessionAttributes()).isEqualTo(TargetSessionAttributes.PREFER_STANDBY);
        assertThat(config.failoverSlot()).isTrue();
        assertThat(only("{host: 'db1,db2'}").servers())
                .containsExactly(new ServerAddress("db1", 5432), new ServerAddress("db2", 5432));
    }

    @Test
    void leavesTheDefaultsOfTheSpecification() {
        PostgresSourceConfig config = only("database: shop\n");
        assertThat(config.host()).isEqualTo("localhost");
        assertThat(config.port()).isEqualTo("5432");
        assertThat(config.user()).isEqualTo("me");
        assertThat(config.slotName()).isEqualTo("drasi_slot");
        assertThat(config.publicationName()).isEqualTo("drasi_publication");
        assertThat(config.sslMode()).isEqualTo(SslMode.PREFER);
        assertThat(config.tables()).isEmpty();
        assertThat(config.dispatchMode()).isEqualTo(DispatchMode.CHANNEL);
        assertThat(config.dispatchBufferCapacity()).isEqualTo(1000);
        assertThat(config.autoStart()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0123", "1_000", "0x1F", "yes", "1.10", "2024-01-01", "1e3", "true"})
    void takesAPasswordAsItIsWritten(String password) {
        assertThat(only("password: " + password).passwordSupplier().get()).hasValue(password.toCharArray());
    }

    @Test
    void takesATextThatIsMarkedAsOne() {
        assertThat(only("database: !!str 0123").database()).isEqualTo("0123");
    }

    @Test
    void readsSeveralSources() {
        List<SourceOptions> sources = ConfigFile.parse("shop.yaml", """
                sources:
                  - id: one
                    database: first
                  - id: two
                    database: second
                """);
        assertThat(sources)
                .map(source -> configurations.configuration(source).id())
                .containsExactly("one", "two");
    }

    private void requireDistinct(String flow) {
        SourceConfigurations.requireDistinct(ConfigFile.parse("shop.yaml", "sources: [" + flow + "]").stream()
                .map(configurations::configuration)
                .toList());
    }

    @Test
    void refusesTwoSourcesWithOneId() {
        assertThatThrownBy(() -> requireDistinct("{id: a, slot_name: s}, {id: a, slot_name: t}"))
                .isInstanceOf(OptionException.class)
                .hasMessage("there are two sources with the id 'a'");
    }

    @Test
    void refusesTwoSourcesWithOneSlotUnlessOneIsNotStarted() {
        assertThatThrownBy(() -> requireDistinct("{id: a, database: x}, {id: b, database: y}"))
                .isInstanceOf(OptionException.class)
                .hasMessage("the sources 'a' and 'b' have the same slot_name, 'drasi_slot', on localhost:5432:"
                        + " each needs its own");
        assertThatCode(() -> requireDistinct("{id: a}, {id: b, auto_start: false}"))
                .doesNotThrowAnyException();
        assertThatCode(() -> requireDistinct("{id: a}, {id: b, port: 5433}, {id: c, host: x}, {id: d, slot_name: s}"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "slot-name, slot_name",
        "slotname, slot_name",
        "hots, host",
        "Publication, publication_name",
        "table_key, table_keys",
        "source, sources",
        "dispatch_capacity, dispatch_buffer_capacity"
    })
    void namesAnUnknownKeyAndTheOneThatWasMeant(String key, String meant) {
        assertThatThrownBy(() -> ConfigFile.parse("shop.yaml", key + ": x"))
                .isInstanceOf(OptionException.class)
                .hasMessage("shop.yaml has the unknown key '" + key + "'; did you mean '" + meant + "'?");
    }

    @Test
    void namesAnUnknownKeyWithItsPlaceInTheList() {
        assertThatThrownBy(() -> ConfigFile.parse("shop.yaml", "sources: [{id: a}, {id: b, prot: 1}]"))
                .hasMessage("shop.yaml has the unknown key 'sources[1].prot'; did you mean 'port'?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host: a, port: 1, host: b|has the key 'host' twice",
                "tables: users|tables in shop.yaml must be a list",
                "tables: [[a]]|tables in shop.yaml must have a single value",
                "slot_name: [a]|slot_name in shop.yaml must have a single value",
                "host: []|host in shop.yaml must have at least one value",
                "password:|password in shop.yaml must have a single value",
                "table_keys: [users]|table_keys in shop.yaml must be a list of {table",
                "table_keys: [{table: users}]|table_keys in shop.yaml must be a list of {table",
                "table_keys: [{table: users, columns: [a]}]|table_keys in shop.yaml must be a list of {table",
                "sources: []|sources in shop.yaml must be a list of at least one source",
                "sources: [a]|sources[0] in shop.yaml must hold",
                "sources: [{id: a}], host: b|has options beside 'sources'"
            })
    void saysWhatIsWrongWithTheShape(String flow, String message) {
        assertThatThrownBy(() -> ConfigFile.parse("shop.yaml", "{" + flow + "}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "port: 70000|port in shop.yaml must be a number from 1 to 65,535, was '70000'",
                "port: x|port in shop.yaml must be a number from 1 to 65,535, was 'x'",
                "ssl_mode: strict|ssl_mode in shop.yaml must be one of disable, prefer, require, verify-ca, verify-full, was 'strict'",
                "dispatch_mode: x|dispatch_mode in shop.yaml must be one of channel, broadcast, was 'x'",
                "auto_start: maybe|auto_start in shop.yaml must be true or false, was 'maybe'",
                "status_interval: soon|status_interval in shop.yaml must be a duration such as 500ms, 10s, 2m or 1h, was 'soon'",
                "slot_name: Slot|slot_name must be",
                "connect_timeout: 1ms|connect_timeout in shop.yaml must be 100ms to 10m, was '1ms'",
                "peer_timeout: 2h|peer_timeout in shop.yaml must be 1s to 1h, was '2h'",
                "status_interval: 0|status_interval in shop.yaml must be 100ms to 10m, was '0'",
                "dispatch_buffer_capacity: 0|dispatch_buffer_capacity in shop.yaml must be a number from 1 to 1,000,000, was '0'",
                "bootstrap_batch_size: 100001|bootstrap_batch_size in shop.yaml must be a number from 1 to 100,000, was '100001'",
                "table_keys: [{table: users, key_columns: []}]|table_keys: 'users' needs at least one key column",
                "ssl_cert: a.pem|ssl_cert and ssl_key belong together",
                "host: [a, b], port: [1, 2, 3]|port must be one for all hosts or one for each, but there are 3 ('1,2,3') for 2 hosts ('a,b')",
                "host: [a, b], port: [1, x]|port in shop.yaml must be a number from 1 to 65,535, was 'x'",
                "target_session_attrs: master|target_session_attrs in shop.yaml must be one of any, read-write, read-only, primary, standby, prefer-standby, was 'master'",
                "failover_slot: x|failover_slot in shop.yaml must be true or false, was 'x'",
                "slot_held: x|slot_held in shop.yaml must be one of wait, fail, was 'x'",
                "on_position_lost: x|on_position_lost in shop.yaml must be one of fail, bootstrap, was 'x'",
                "retention_warning: much|retention_warning in shop.yaml must be a size such as 500MB, 10GB or 1TB, was 'much'",
                "retention_warning: 1kB|retention_warning must be 0 or at least 1 MiB (1048576 bytes), was 1024",
                "max_transaction_memory: 1000|max_transaction_memory must be at least 1 MiB (1048576 bytes), was 1000",
                "max_transaction_memory: all|max_transaction_memory in shop.yaml must be a size such as 500MB, 10GB or 1TB, was 'all'",
                "streaming: x|streaming in shop.yaml must be one of off, on, parallel, was 'x'",
                "create_publication: x|create_publication in shop.yaml must be true or false, was 'x'"
            })
    void saysWhatIsWrongWithAValue(String flow, String message) {
        assertThatThrownBy(() -> only("{" + flow + "}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "password: 'secret",
                "a: [secret",
                "password: \"secret\\q\"",
                "\tpassword: secret",
                "secret",
                "",
                "password: *secret",
                "password: @secret",
                "password: %secret",
                "password: !secret",
                "password: !secret x",
                "password: !!secret x",
                "password: !!binary secret",
                "password: !secret!secret x",
                "password: {secret: secret",
                "password: &secret",
                "? !secret password\n: x"
            })
    void refusesWhatIsNotYamlWithoutQuotingIt(String yaml) {
        assertThatThrownBy(() -> ConfigFile.parse("shop.yaml", yaml))
                .isInstanceOf(OptionException.class)
                .hasNoCause()
                .message()
                .contains("shop.yaml")
                .doesNotContain("secret");
    }

    @Test
    void saysThatThereIsNoSuchFile() {
        assertThatThrownBy(() -> ConfigFile.read(Path.of("/nowhere/shop.yaml")))
                .isInstanceOf(OptionException.class)
                .hasMessage("cannot read the configuration file /nowhere/shop.yaml: there is no such file");
    }
}
