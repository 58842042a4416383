// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.entry;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PostgresSourceConfigTest {
    private static final String SECRET = "s3cr et";

    private static PostgresSourceConfig.Builder builder() {
        return PostgresSourceConfig.builder("shop").withDatabase("shop").withUser("drasi");
    }

    /** What is wrong with an option, and all of what the error says. */
    private static Stream<Arguments> badOptions() {
        return Stream.of(
                bad("database must not be blank", builder -> builder.withDatabase(" ")),
                bad("database must not hold a zero character", builder -> builder.withDatabase("a\0b")),
                bad("user must not be blank", builder -> builder.withUser("")),
                bad("user must not hold a zero character", builder -> builder.withUser("a\0b")),
                bad("host must not be blank", builder -> builder.withHost("")),
                bad("host must not hold a zero character", builder -> builder.withHost("\0")),
                bad("host must not be blank, was 'a,'", builder -> builder.withHost("a,")),
                bad("port must be a number, was 'x'", builder -> builder.withPort("x")),
                bad(
                        "port must be one for all hosts or one for each, but there are 2 ('1,2') for 3 hosts ('a,b,c')",
                        builder -> builder.withHost("a,b,c").withPort("1,2")),
                bad("port must be 1 to 65,535, was 0", builder -> builder.withPort(0)),
                bad("port must be 1 to 65,535, was -1", builder -> builder.withPort(-1)),
                bad("port must be 1 to 65,535, was 65,536", builder -> builder.withPort(65_536)),
                bad("tables must not be blank", builder -> builder.withTables("users", "")),
                bad("tables must not hold a zero character", builder -> builder.withTables("a\0")),
                bad(
                        "slot_name must be 1 to 63 lower-case letters, digits and underscores, was ''",
                        builder -> builder.withSlotName("")),
                bad(
                        "slot_name must be 1 to 63 lower-case letters, digits and underscores, was 'Drasi'",
                        builder -> builder.withSlotName("Drasi")),
                bad(
                        "slot_name must be 1 to 63 lower-case letters, digits and underscores, was 'drasi-1'",
                        builder -> builder.withSlotName("drasi-1")),
                bad(
                        "slot_name must be 1 to 63 lower-case letters, digits and underscores, was '" + "s".repeat(64)
                                + "'",
                        builder -> builder.withSlotName("s".repeat(64))),
                bad("publication_name must not be blank", builder -> builder.withPublicationName("  ")),
                bad(
                        "publication_name must have at most 63 bytes in UTF-8, 'ä" + "p".repeat(62) + "' has 64",
                        builder -> builder.withPublicationName("ä" + "p".repeat(62))),
                bad(
                        "retention_warning must be 0 or at least 1 MiB (1048576 bytes), was 1048575",
                        builder -> builder.withRetentionWarning(1_048_575)),
                bad(
                        "retention_warning must be 0 or at least 1 MiB (1048576 bytes), was -1",
                        builder -> builder.withRetentionWarning(-1)),
                bad(
                        "ssl_cert and ssl_key belong together, but only ssl_cert is given",
                        builder -> builder.withSslCert(Path.of("client.crt"))),
                bad(
                        "ssl_cert and ssl_key belong together, but only ssl_key is given",
                        builder -> builder.withSslKey(Path.of("client.key"))),
                bad(
                        "table_keys: table 'public.users' is given twice",
                        builder -> builder.addTableKey(new TableKeyConfig("users", List.of("id")))
                                .addTableKey(new TableKeyConfig("public.users", List.of("name")))),
                bad(
                        "dispatch_buffer_capacity must be 1 to 1,000,000, was 0",
                        builder -> builder.withDispatchBufferCapacity(0)),
                bad(
                        "dispatch_buffer_capacity must be 1 to 1,000,000, was 1,000,001",
                        builder -> builder.withDispatchBufferCapacity(1_000_001)),
                bad(
                        "max_transaction_memory must be at least 1 MiB (1048576 bytes), was 1048575",
                        builder -> builder.withMaxTransactionMemory(1_048_575)),
                bad("bootstrap_batch_size must be 1 to 100,000, was 0", builder -> builder.withBootstrapBatchSize(0)),
                bad(
                        "bootstrap_batch_size must be 1 to 100,000, was 100,001",
                        builder -> builder.withBootstrapBatchSize(100_001)),
                bad(
                        "connect_timeout must be PT0.1S to PT10M, was PT0S",
                        builder -> builder.withConnectTimeout(Duration.ZERO)),
                bad(
                        "connect_timeout must be PT0.1S to PT10M, was PT10M0.001S",
                        builder -> builder.withConnectTimeout(
                                Duration.ofMinutes(10).plusMillis(1))),
                bad(
                        "peer_timeout must be PT1S to PT1H, was PT0.999S",
                        builder -> builder.withPeerTimeout(Duration.ofMillis(999))),
                bad(
                        "peer_timeout must be PT1S to PT1H, was PT2H",
                        builder -> builder.withPeerTimeout(Duration.ofHours(2))),
                bad(
                        "status_interval must be PT0.1S to PT10M, was PT-1S",
                        builder -> builder.withStatusInterval(Duration.ofSeconds(-1))),
                bad(
                        "status_interval must be PT0.1S to PT10M, was PT11M",
                        builder -> builder.withStatusInterval(Duration.ofMinutes(11))));
    }

    private static Arguments bad(String message, UnaryOperator<PostgresSourceConfig.Builder> change) {
        return Arguments.of(message, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badOptions")
    void refusesABadOption(String message, UnaryOperator<PostgresSourceConfig.Builder> change) {
        PostgresSourceConfig.Builder builder = change.apply(builder());

        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }

    @Test
    void refusesABadId() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PostgresSourceConfig.builder("").build())
                .withMessage("id must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PostgresSourceConfig.builder("i".repeat(201))
                        .withDatabase("d")
                        .withUser("u")
                        .build())
                .withMessage("id must have at most 200 characters, has 201");
    }

    @Test
    void requiresDatabaseAndUser() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        PostgresSourceConfig.builder("shop").withUser("drasi").build())
                .withMessage("database must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PostgresSourceConfig.builder("shop")
                        .withDatabase("shop")
                        .build())
                .withMessage("user must not be blank");
    }

    @Test
    void acceptsTheBounds() {
        PostgresSourceConfig least = builder()
                .withPort(1)
                .withSlotName("0")
                .withPublicationName("p")
                .withRetentionWarning(0)
                .withDispatchBufferCapacity(1)
                .withBootstrapBatchSize(1)
                .withConnectTimeout(Duration.ofMillis(100))
                .withPeerTimeout(Duration.ofSeconds(1))
                .withStatusInterval(Duration.ofMillis(100))
                .build();
        PostgresSourceConfig most = builder()
                .withPort(65_535)
                .withSlotName("_".repeat(63))
                .withPublicationName("ä" + "p".repeat(61))
                .withRetentionWarning(Long.MAX_VALUE)
                .withDispatchBufferCapacity(1_000_000)
                .withBootstrapBatchSize(100_000)
                .withConnectTimeout(Duration.ofMinutes(10))
                .withPeerTimeout(Duration.ofHours(1))
                .withStatusInterval(Duration.ofMinutes(10))
                .withSslCert(Path.of("client.crt"))
                .withSslKey(Path.of("client.key"))
                .build();

        assertThat(least.servers()).containsExactly(new ServerAddress("localhost", 1));
        assertThat(most.servers()).containsExactly(new ServerAddress("localhost", 65_535));
    }

    @Test
    void refusesATableNameThatCannotBeRead() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PostgresReplicationSource(
                        builder().withTables("shop.public.users").build()))
                .withMessage(
                        "tables: table name 'shop.public.users' has more than one dot; write a dot inside a name as"
                                + " \\.");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PostgresReplicationSource(
                        builder().withTables("public.").build()))
                .withMessage("tables: table name 'public.' has an empty part");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PostgresReplicationSource(builder()
                        .addTableKey(new TableKeyConfig(".users", List.of("id")))
                        .build()))
                .withMessage("table_keys: table name '.users' has an empty part");
    }

    @Test
    void refusesABadTableKey() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TableKeyConfig(" ", List.of("id")))
                .withMessage("table_keys: table must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TableKeyConfig("users", List.of()))
                .withMessage("table_keys: 'users' needs at least one key column");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TableKeyConfig("users", List.of("id", "id")))
                .withMessage("table_keys: 'users' names a key column twice: [id, id]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TableKeyConfig("users", List.of("id", "")))
                .withMessage("table_keys: 'users' names a blank key column");
    }

    @Test
    void trustsTheRootsOfTheSystemOnlyWithTheNameOfTheServer() {
        PostgresSourceConfig.Builder builder = builder().withSslRootCert(Path.of("system"));
        assertThatIllegalArgumentException()
                .isThrownBy(builder::build)
                .withMessageStartingWith("ssl_root_cert = system needs ssl_mode = verify-full, was prefer");
        assertThat(builder.withSslMode(SslMode.VERIFY_FULL).build().sslRootCert())
                .contains(Path.of("system"));
    }

    @Test
    void theBuilderOfTheSourceRefusesTheSame() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PostgresReplicationSource.builder("shop")
                        .withDatabase("shop")
                        .withUser("drasi")
                        .withPort(0)
                        .build())
                .withMessage("port must be 1 to 65,535, was 0");
    }

    @Test
    void hasTheDefaultsOfTheSpecification() {
        PostgresSourceConfig config = builder().build();

        assertThat(config.toMap())
                .containsExactly(
                        entry("id", "shop"),
                        entry("host", "localhost"),
                        entry("port", 5432),
                        entry("target_session_attrs", "any"),
                        entry("database", "shop"),
                        entry("user", "drasi"),
                        entry("tables", List.of()),
                        entry("slot_name", "drasi_slot"),
                        entry("failover_slot", false),
                        entry("publication_name", "drasi_publication"),
                        entry("slot_held", "wait"),
                        entry("on_position_lost", "fail"),
                        entry("retention_warning", 10_737_418_240L),
                        entry("create_publication", false),
                        entry("ssl_mode", "prefer"),
                        entry("table_keys", List.of()),
                        entry("dispatch_mode", "channel"),
                        entry("dispatch_buffer_capacity", 1000),
                        entry("max_transaction_memory", 67_108_864L),
                        entry("temp_dir", System.getProperty("java.io.tmpdir")),
                        entry("streaming", "on"),
                        entry("two_phase", false),
                        entry("auto_start", true),
                        entry("bootstrap_batch_size", 1000),
                        entry("bootstrap_parallelism", 2),
                        entry("connect_timeout", "PT10S"),
                        entry("peer_timeout", "PT1M"),
                        entry("status_interval", "PT10S"),
                        entry("invalid_text", "error"),
                        entry("row_format", "auto"),
                        entry("allow_cleartext_password", false));
        assertThat(config.passwordSupplier().get()).isEmpty();
    }

    @Test
    void theBuilderOfTheSourceSetsEachOption() {
        PostgresReplicationSource source = PostgresReplicationSource.builder("shop")
                .withHost("db1.example.com,db2.example.com")
                .withPort("5433,5434")
                .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                .withFailoverSlot(true)
                .withDatabase("production")
                .withUser("reader")
                .withPassword(SECRET)
                .withTables("users", "sales.orders")
                .withSlotName("production_slot")
                .withPublicationName("all")
                .withSlotHeld(SlotHeld.FAIL)
                .withOnPositionLost(OnPositionLost.BOOTSTRAP)
                .withRetentionWarning(1 << 20)
                .withCreatePublication(true)
                .withSslMode(SslMode.VERIFY_FULL)
                .withSslRootCert(Path.of("root.crt"))
                .withSslCert(Path.of("client.crt"))
                .withSslKey(Path.of("client.key"))
                .addTableKey("users", "user_id")
                .addTableKey(new TableKeyConfig("sales.orders", List.of("order_id", "item_id")))
                .withDispatchMode(DispatchMode.BROADCAST)
                .withDispatchBufferCapacity(2000)
                .withMaxTransactionMemory(2 << 20)
                .withTempDir(Path.of("spool"))
                .withStreaming(Streaming.PARALLEL)
                .withTwoPhase(true)
                .withAutoStart(false)
                .withBootstrapBatchSize(10)
                .withBootstrapParallelism(3)
                .withConnectTimeout(Duration.ofSeconds(1))
                .withPeerTimeout(Duration.ofSeconds(2))
                .withStatusInterval(Duration.ofSeconds(3))
                .withInvalidText(InvalidText.BYTES)
                .withRowFormat(RowFormat.TEXT)
                .withAllowCleartextPassword(true)
                .build();

        Map<String, Object> properties = source.properties();
        assertThat(properties)
                .hasSize(34)
                .containsEntry("host", "db1.example.com,db2.example.com")
                .containsEntry("port", "5433,5434")
                .containsEntry("target_session_attrs", "primary")
                .containsEntry("failover_slot", true)
                .containsEntry("slot_held", "fail")
                .containsEntry("on_position_lost", "bootstrap")
                .containsEntry("retention_warning", 1_048_576L)
                .containsEntry("create_publication", true)
                .containsEntry("ssl_root_cert", "root.crt")
                .containsEntry("ssl_cert", "client.crt")
                .containsEntry("ssl_key", "client.key")
                .containsEntry("ssl_mode", "verify-full")
                .containsEntry("dispatch_mode", "broadcast")
                .containsEntry("max_transaction_memory", 2_097_152L)
                .containsEntry("temp_dir", "spool")
                .containsEntry("streaming", "parallel")
                .containsEntry("two_phase", true)
                .containsEntry("auto_start", false)
                .containsEntry("invalid_text", "bytes")
                .containsEntry("row_format", "text")
                .containsEntry("bootstrap_parallelism", 3)
                .containsEntry("allow_cleartext_password", true)
                .containsEntry("tables", List.of("users", "sales.orders"));
        assertThat(source.config().tableKeys())
                .containsExactly(
                        new TableKeyConfig("users", List.of("user_id")),
                        new TableKeyConfig("sales.orders", List.of("order_id", "item_id")));
        assertThat(source.config().passwordSupplier().get().map(String::new)).isEqualTo(Optional.of(SECRET));
        assertThat(source.autoStart()).isFalse();
    }

    @Test
    void neverShowsThePassword() {
        PostgresSourceConfig config = builder().withPassword(SECRET).build();
        PostgresReplicationSource source = new PostgresReplicationSource(config);

        assertThat(List.of(
                        config.toString(),
                        config.toMap().toString(),
                        source.toString(),
                        source.properties().toString()))
                .noneMatch(text -> text.contains(SECRET));
        assertThat(config.toMap()).doesNotContainKey("password");
    }

    @Test
    void copiesItsLists() {
        List<String> tables = new ArrayList<>(List.of("users"));
        PostgresSourceConfig config = builder().withTables(tables).build();
        tables.add("orders");

        assertThat(config.tables()).containsExactly("users");
    }
}
