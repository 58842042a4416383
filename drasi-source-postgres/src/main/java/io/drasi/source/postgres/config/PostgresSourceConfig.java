// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

import static io.drasi.source.postgres.config.Option.require;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The options of a PostgreSQL source. Options and defaults are those of Drasi's specification; the record checks itself.
 * {@link #builder} is the convenient way to make one.
 *
 * @param id names the source in element references, logs and thread names; 1 to 200 characters
 * @param host server name or address; one that begins with {@code /} is the directory of a Unix-domain socket; several with
 *     commas between are tried in turn at each connect; default {@code "localhost"}
 * @param port TCP port, also part of the Unix socket's name; 1 to 65,535; one for all hosts, or one for each with commas
 *     between; default {@code "5432"}
 * @param targetSessionAttributes which of the hosts will do; default {@code TargetSessionAttributes.ANY}
 * @param database the database to read from
 * @param user a role with the REPLICATION attribute and SELECT on the tables
 * @param passwordSupplier asked for the password at every connect; default {@code PasswordSupplier.none()}
 * @param tables the tables to read, written as their labels, {@code sales.orders} or {@code public.orders};
 *     empty: all tables of the publication; default {@code List.of()}
 * @param slotName the replication slot, made if it does not exist; 1 to 63 of a-z, 0-9 and {@code _}; default {@code "drasi_slot"}
 * @param failoverSlot whether the slot is one that standbys keep up, so that the source can go on after a promotion;
 *     PostgreSQL 17 and later; default {@code false}
 * @param publicationName the publication; must exist, or be {@code createPublication}'s; default {@code "drasi_publication"}
 * @param slotHeld what the source does while another process has the slot; default {@code SlotHeld.WAIT}
 * @param onPositionLost what the source does when its slot can't give the changes any more that are needed; default
 *     {@code OnPositionLost.FAIL}
 * @param retentionWarning the size of the log that the server keeps for the slot from which on the source warns, in bytes; 0:
 *     never; else 1 MiB or more; default 10 GiB
 * @param createPublication whether the source makes the publication if there is none, and keeps the one that it made to
 *     {@code tables}; default {@code false}
 * @param sslMode with the meaning it has in libpq; default {@code SslMode.PREFER}
 * @param sslRootCert PEM file with the certificates to trust; {@code system}: those of the Java installation, with
 *     {@code SslMode.VERIFY_FULL} only
 * @param sslCert PEM file with the client's certificate chain
 * @param sslKey PEM file with the client's private key
 * @param tableKeys keys that override the primary keys; at most one per table; default {@code List.of()}
 * @param dispatchMode what happens to a subscription that takes its events too slowly; default {@code DispatchMode.CHANNEL}
 * @param dispatchBufferCapacity events that may wait in a subscription's queue; 1 to 1,000,000; default {@code 1000}
 * @param maxTransactionMemory bytes of memory, about, that those transactions may take that the server sends before they have
 *     ended, those that wait in a subscription's queue, and half of it a single one; what is more goes to files, and to a queue
 *     that is full no more is added; 1 MiB or more; default 64 MiB, or an eighth of the heap if that is less
 * @param tempDir an existing directory for files of large transactions, in one of the source's own there; default
 *     {@code java.io.tmpdir}
 * @param streaming whether the server sends large transactions before they have ended; default {@code Streaming.ON}
 * @param twoPhase whether the server sends transactions when they are prepared for a two-phase commit, so that
 *     subscriptions can be told; PostgreSQL 15 or later; default {@code false}
 * @param autoStart whether a {@link io.drasi.model.SourceHost} starts the source when it is added; default {@code true}
 * @param bootstrapBatchSize rows of the snapshot in one event; 1 to 100,000; default {@code 1000}
 * @param bootstrapParallelism connections that read the snapshot at a time; 1 to 32; default {@code 2}
 * @param connectTimeout for the connection, TLS and login together; 100 ms to 10 min; default {@code Duration.ofSeconds(10)}
 * @param peerTimeout a server that is silent for so long on the replication stream, or in the middle of an answer, counts as dead; 1 s to 1 h; default {@code Duration.ofSeconds(60)}
 * @param statusInterval how often the server is told the confirmed position when nothing changes; 100 ms to 10 min; default {@code Duration.ofSeconds(10)}
 * @param invalidText what becomes of a text that is not UTF-8; default {@code InvalidText.ERROR}
 * @param rowFormat in which rows are asked for; default {@code RowFormat.AUTO}
 * @param allowCleartextPassword whether a server may ask for the password in clear text over an unencrypted network; default {@code false}
 * @param clock tells the time that stands in what is told: to the server in status updates, and in metrics. Nothing is decided
 *     by it; default {@code InstantSource.system()}
 */
public record PostgresSourceConfig(
        String id,
        String host,
        String port,
        TargetSessionAttributes targetSessionAttributes,
        String database,
        String user,
        PasswordSupplier passwordSupplier,
        List<String> tables,
        String slotName,
        boolean failoverSlot,
        String publicationName,
        SlotHeld slotHeld,
        OnPositionLost onPositionLost,
        long retentionWarning,
        boolean createPublication,
        SslMode sslMode,
        Optional<Path> sslRootCert,
        Optional<Path> sslCert,
        Optional<Path> sslKey,
        List<TableKeyConfig> tableKeys,
        DispatchMode dispatchMode,
        int dispatchBufferCapacity,
        long maxTransactionMemory,
        Path tempDir,
        Streaming streaming,
        boolean twoPhase,
        boolean autoStart,
        int bootstrapBatchSize,
        int bootstrapParallelism,
        Duration connectTimeout,
        Duration peerTimeout,
        Duration statusInterval,
        InvalidText invalidText,
        RowFormat rowFormat,
        boolean allowCleartextPassword,
        InstantSource clock) {
    private static final Path SYSTEM_ROOTS = Path.of("system");
    private static final long LEAST_RETENTION_WARNING = 1 << 20;
    private static final long LEAST_TRANSACTION_MEMORY = 1 << 20;
    private static final Pattern SLOT_NAME = Pattern.compile("[a-z0-9_]{1,63}");

    /**
     * @throws IllegalArgumentException that names the option, its bound and the value
     */
    public PostgresSourceConfig {
        requireText("id", id);
        require(id.length() <= 200, "id must have at most 200 characters, has " + id.length());
        List<ServerAddress> unused = ServerAddress.list(host, port);
        Objects.requireNonNull(targetSessionAttributes, "targetSessionAttributes");
        requireText("database", database);
        requireText("user", user);
        Objects.requireNonNull(passwordSupplier, "passwordSupplier");
        tables = List.copyOf(tables);
        tables.forEach(table -> requireText("tables", table));
        require(
                SLOT_NAME.matcher(slotName).matches(),
                "slot_name must be 1 to 63 lower-case letters, digits and underscores, was '" + slotName + "'");
        requireText("publication_name", publicationName);
        int publicationBytes = publicationName.getBytes(StandardCharsets.UTF_8).length;
        // The server would cut a longer name and then not find it.
        require(
                publicationBytes <= 63,
                "publication_name must have at most 63 bytes in UTF-8, '" + publicationName + "' has "
                        + publicationBytes);
        Objects.requireNonNull(slotHeld, "slotHeld");
        Objects.requireNonNull(onPositionLost, "onPositionLost");
        require(
                retentionWarning == 0 || retentionWarning >= LEAST_RETENTION_WARNING,
                "retention_warning must be 0 or at least 1 MiB (1048576 bytes), was " + retentionWarning);
        Objects.requireNonNull(sslMode, "sslMode");
        require(
                sslCert.isPresent() == sslKey.isPresent(),
                "ssl_cert and ssl_key belong together, but only " + (sslCert.isPresent() ? "ssl_cert" : "ssl_key")
                        + " is given");
        require(
                sslMode == SslMode.VERIFY_FULL || !sslRootCert.equals(Optional.of(SYSTEM_ROOTS)),
                "ssl_root_cert = system needs ssl_mode = verify-full, was " + sslMode.libpqName()
                        + ": everybody can get a certificate that the system trusts");
        tableKeys = List.copyOf(tableKeys);
        requireDistinctTables(tableKeys);
        Objects.requireNonNull(dispatchMode, "dispatchMode");
        requireRange("dispatch_buffer_capacity", dispatchBufferCapacity, 1, 1_000_000);
        require(
                maxTransactionMemory >= LEAST_TRANSACTION_MEMORY,
                "max_transaction_memory must be at least 1 MiB (1048576 bytes), was " + maxTransactionMemory);
        Objects.requireNonNull(tempDir, "tempDir");
        Objects.requireNonNull(streaming, "streaming");
        requireRange("bootstrap_batch_size", bootstrapBatchSize, 1, 100_000);
        requireRange("bootstrap_parallelism", bootstrapParallelism, 1, 32);
        requireRange("connect_timeout", connectTimeout, Duration.ofMillis(100), Duration.ofMinutes(10));
        requireRange("peer_timeout", peerTimeout, Duration.ofSeconds(1), Duration.ofHours(1));
        requireRange("status_interval", statusInterval, Duration.ofMillis(100), Duration.ofMinutes(10));
        Objects.requireNonNull(invalidText, "invalidText");
        Objects.requireNonNull(rowFormat, "rowFormat");
        require(
                rowFormat != RowFormat.BINARY || invalidText != InvalidText.BYTES,
                "row_format = binary and invalid_text = bytes can't be combined: a text that is not UTF-8 comes from a"
                        + " database that is read in text format");
    }

    public static Builder builder(String id) {
        return new Builder(id);
    }

    /** The servers that the source may read from, in the order in which they are tried; at least one. */
    public List<ServerAddress> servers() {
        return ServerAddress.list(host, port);
    }

    /** All options by the specification's names, without the password. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", id);
        map.put("host", host);
        map.put("port", port.indexOf(',') < 0 ? servers().get(0).port() : port);
        map.put("target_session_attrs", targetSessionAttributes.libpqName());
        map.put("database", database);
        map.put("user", user);
        map.put("tables", tables);
        map.put("slot_name", slotName);
        map.put("failover_slot", failoverSlot);
        map.put("publication_name", publicationName);
        map.put("slot_held", slotHeld.name().toLowerCase(Locale.ROOT));
        map.put("on_position_lost", onPositionLost.name().toLowerCase(Locale.ROOT));
        map.put("retention_warning", retentionWarning);
        map.put("create_publication", createPublication);
        map.put("ssl_mode", sslMode.libpqName());
        sslRootCert.ifPresent(path -> map.put("ssl_root_cert", path.toString()));
        sslCert.ifPresent(path -> map.put("ssl_cert", path.toString()));
        sslKey.ifPresent(path -> map.put("ssl_key", path.toString()));
        map.put("table_keys", tableKeys);
        map.put("dispatch_mode", dispatchMode.name().toLowerCase(Locale.ROOT));
        map.put("dispatch_buffer_capacity", dispatchBufferCapacity);
        map.put("max_transaction_memory", maxTransactionMemory);
        map.put("temp_dir", tempDir.toString());
        map.put("streaming", streaming.name().toLowerCase(Locale.ROOT));
        map.put("two_phase", twoPhase);
        map.put("auto_start", autoStart);
        map.put("bootstrap_batch_size", bootstrapBatchSize);
        map.put("bootstrap_parallelism", bootstrapParallelism);
        map.put("connect_timeout", connectTimeout.toString());
        map.put("peer_timeout", peerTimeout.toString());
        map.put("status_interval", statusInterval.toString());
        map.put("invalid_text", invalidText.name().toLowerCase(Locale.ROOT));
        map.put("row_format", rowFormat.name().toLowerCase(Locale.ROOT));
        map.put("allow_cleartext_password", allowCleartextPassword);
        return map;
    }

    @Override
    public String toString() {
        return "PostgresSourceConfig" + toMap();
    }

    private static void requireText(String option, String value) {
        require(!value.isBlank(), option + " must not be blank");
        require(value.indexOf('\0') < 0, option + " must not hold a zero character");
    }

    private static void requireRange(String option, int value, int least, int most) {
        require(
                value >= least && value <= most,
                String.format(Locale.ROOT, "%s must be %,d to %,d, was %,d", option, least, most, value));
    }

    private static void requireRange(String option, Duration value, Duration least, Duration most) {
        require(
                value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
                option + " must be " + least + " to " + most + ", was " + value);
    }

    private static void requireDistinctTables(List<TableKeyConfig> tableKeys) {
        Set<String> seen = new HashSet<>();
        for (TableKeyConfig key : tableKeys) {
            String table = key.table().startsWith("public.") ? key.table().substring(7) : key.table();
            require(seen.add(table), "table_keys: table '" + key.table() + "' is given twice");
        }
    }

    /** Collects options; {@link #build} has them checked. */
    public static final class Builder {
        private final String id;
        private String database = "";
        private String user = "";
        private String host = "localhost";
        private String port = Integer.toString(ServerAddress.DEFAULT_PORT);
        private TargetSessionAttributes targetSessionAttributes = TargetSessionAttributes.ANY;
        private PasswordSupplier passwordSupplier = PasswordSupplier.none();
        private List<String> tables = List.of();
        private String slotName = "drasi_slot";
        private boolean failoverSlot = false;
        private String publicationName = "drasi_publication";
        private SlotHeld slotHeld = SlotHeld.WAIT;
        private OnPositionLost onPositionLost = OnPositionLost.FAIL;
        private long retentionWarning = 10L << 30;
        private boolean createPublication = false;
        private SslMode sslMode = SslMode.PREFER;
        private Optional<Path> sslRootCert = Optional.empty();
        private Optional<Path> sslCert = Optional.empty();
        private Optional<Path> sslKey = Optional.empty();
        private List<TableKeyConfig> tableKeys = List.of();
        private DispatchMode dispatchMode = DispatchMode.CHANNEL;
        private int dispatchBufferCapacity = 1000;
        private long maxTransactionMemory =
                Math.max(LEAST_TRANSACTION_MEMORY, Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 8));
        private Path tempDir = Path.of(System.getProperty("java.io.tmpdir", "."));
        private Streaming streaming = Streaming.ON;
        private boolean twoPhase = false;
        private boolean autoStart = true;
        private int bootstrapBatchSize = 1000;
        private int bootstrapParallelism = 2;
        private Duration connectTimeout = Duration.ofSeconds(10);
        private Duration peerTimeout = Duration.ofSeconds(60);
        private InstantSource clock = InstantSource.system();
        private Duration statusInterval = Duration.ofSeconds(10);
        private InvalidText invalidText = InvalidText.ERROR;
        private RowFormat rowFormat = RowFormat.AUTO;
        private boolean allowCleartextPassword = false;

        private Builder(String id) {
            this.id = id;
        }

        public Builder withHost(String value) {
            this.host = value;
            return this;
        }

        public Builder withPort(int value) {
            return withPort(Integer.toString(value));
        }

        /** One port for all hosts, or one for each with commas between. */
        public Builder withPort(String value) {
            this.port = value;
            return this;
        }

        public Builder withTargetSessionAttributes(TargetSessionAttributes value) {
            this.targetSessionAttributes = value;
            return this;
        }

        public Builder withDatabase(String value) {
            this.database = value;
            return this;
        }

        public Builder withUser(String value) {
            this.user = value;
            return this;
        }

        public Builder withPasswordSupplier(PasswordSupplier value) {
            this.passwordSupplier = value;
            return this;
        }

        public Builder withTables(List<String> value) {
            this.tables = List.copyOf(value);
            return this;
        }

        public Builder withSlotName(String value) {
            this.slotName = value;
            return this;
        }

        public Builder withFailoverSlot(boolean value) {
            this.failoverSlot = value;
            return this;
        }

        public Builder withPublicationName(String value) {
            this.publicationName = value;
            return this;
        }

        public Builder withSlotHeld(SlotHeld value) {
            this.slotHeld = value;
            return this;
        }

        public Builder withOnPositionLost(OnPositionLost value) {
            this.onPositionLost = value;
            return this;
        }

        public Builder withRetentionWarning(long bytes) {
            this.retentionWarning = bytes;
            return this;
        }

        public Builder withCreatePublication(boolean value) {
            this.createPublication = value;
            return this;
        }

        public Builder withSslMode(SslMode value) {
            this.sslMode = value;
            return this;
        }

        public Builder withSslRootCert(Path file) {
            this.sslRootCert = Optional.of(file);
            return this;
        }

        public Builder withSslCert(Path file) {
            this.sslCert = Optional.of(file);
            return this;
        }

        public Builder withSslKey(Path file) {
            this.sslKey = Optional.of(file);
            return this;
        }

        public Builder withTableKeys(List<TableKeyConfig> value) {
            this.tableKeys = List.copyOf(value);
            return this;
        }

        public Builder withDispatchMode(DispatchMode value) {
            this.dispatchMode = value;
            return this;
        }

        public Builder withDispatchBufferCapacity(int value) {
            this.dispatchBufferCapacity = value;
            return this;
        }

        public Builder withMaxTransactionMemory(long bytes) {
            this.maxTransactionMemory = bytes;
            return this;
        }

        public Builder withTempDir(Path value) {
            this.tempDir = value;
            return this;
        }

        public Builder withStreaming(Streaming value) {
            this.streaming = value;
            return this;
        }

        public Builder withTwoPhase(boolean value) {
            this.twoPhase = value;
            return this;
        }

        public Builder withAutoStart(boolean value) {
            this.autoStart = value;
            return this;
        }

        public Builder withBootstrapBatchSize(int value) {
            this.bootstrapBatchSize = value;
            return this;
        }

        public Builder withBootstrapParallelism(int value) {
            this.bootstrapParallelism = value;
            return this;
        }

        public Builder withConnectTimeout(Duration value) {
            this.connectTimeout = value;
            return this;
        }

        public Builder withPeerTimeout(Duration value) {
            this.peerTimeout = value;
            return this;
        }

        public Builder withStatusInterval(Duration value) {
            this.statusInterval = value;
            return this;
        }

        public Builder withInvalidText(InvalidText value) {
            this.invalidText = value;
            return this;
        }

        public Builder withRowFormat(RowFormat value) {
            this.rowFormat = value;
            return this;
        }

        public Builder withAllowCleartextPassword(boolean value) {
            this.allowCleartextPassword = value;
            return this;
        }

        /** A password that never changes. */
        public Builder withPassword(String password) {
            this.passwordSupplier = PasswordSupplier.of(password);
            return this;
        }

        public Builder withTables(String... names) {
            return withTables(List.of(names));
        }

        public Builder addTableKey(TableKeyConfig key) {
            List<TableKeyConfig> keys = new java.util.ArrayList<>(tableKeys);
            keys.add(key);
            return withTableKeys(keys);
        }

        public Builder withClock(InstantSource value) {
            this.clock = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException that names the option, its bound and the value
         */
        public PostgresSourceConfig build() {
            return new PostgresSourceConfig(
                    id,
                    host,
                    port,
                    targetSessionAttributes,
                    database,
                    user,
                    passwordSupplier,
                    tables,
                    slotName,
                    failoverSlot,
                    publicationName,
                    slotHeld,
                    onPositionLost,
                    retentionWarning,
                    createPublication,
                    sslMode,
                    sslRootCert,
                    sslCert,
                    sslKey,
                    tableKeys,
                    dispatchMode,
                    dispatchBufferCapacity,
                    maxTransactionMemory,
                    tempDir,
                    streaming,
                    twoPhase,
                    autoStart,
                    bootstrapBatchSize,
                    bootstrapParallelism,
                    connectTimeout,
                    peerTimeout,
                    statusInterval,
                    invalidText,
                    rowFormat,
                    allowCleartextPassword,
                    clock);
        }
    }
}
