// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import io.drasi.model.DispatchMode;
import io.drasi.pg.libpq.PasswordFile;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.config.ServerAddress;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.config.Streaming;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Turns the options of a source, all layers together, into its configuration. */
public final class SourceConfigurations {
    private static final String DEFAULT_ID = "drasi-pg";
    private static final Duration LONGEST_CONNECT_TIMEOUT = Duration.ofMinutes(10);
    private static final Pattern NO_LIMIT = Pattern.compile("-\\d+|0+");

    private final String operatingSystemUser;
    private final Path homeDirectory;
    private final Consumer<String> warnings;

    /**
     * @param operatingSystemUser libpq's default user
     * @param homeDirectory where {@code .pgpass} is
     * @param warnings takes a line for each thing that is ignored
     */
    public SourceConfigurations(String operatingSystemUser, Path homeDirectory, Consumer<String> warnings) {
        this.operatingSystemUser = operatingSystemUser;
        this.homeDirectory = homeDirectory;
        this.warnings = warnings;
    }

    /**
     * The configuration of the source.
     *
     * @throws OptionException if a value cannot be read, or is out of its bounds
     */
    public PostgresSourceConfig configuration(SourceOptions options) {
        try {
            return build(options);
        } catch (IllegalArgumentException e) {
            throw new OptionException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Whether the rows that exist are wanted: empty, if nothing was said about it. */
    public static Optional<Boolean> bootstrap(SourceOptions options) {
        return options.get(SourceOption.BOOTSTRAP).map(SourceConfigurations::bool);
    }

    /**
     * Where the source's position is kept: empty, if nowhere but on the server.
     *
     * @throws OptionException if it is no file name
     */
    public static Optional<Path> stateDirectory(SourceOptions options) {
        return options.get(SourceOption.STATE_DIR).map(SourceConfigurations::path);
    }

    /**
     * Checks that sources which run together do not get into each other's way.
     *
     * @throws OptionException if two have one id, or are to read from one replication slot
     */
    public static void requireDistinct(List<PostgresSourceConfig> configs) {
        Set<String> ids = new HashSet<>();
        Map<Slot, String> idBySlot = new HashMap<>();
        for (PostgresSourceConfig config : configs) {
            if (!ids.add(config.id())) {
                throw new OptionException("there are two sources with the id '" + config.id() + "'");
            }
            if (config.autoStart()) {
                for (ServerAddress server : config.servers()) {
                    Slot slot = new Slot(server, config.slotName());
                    String other = idBySlot.putIfAbsent(slot, config.id());
                    if (other != null && !other.equals(config.id())) {
                        throw new OptionException("the sources '" + other + "' and '" + config.id()
                                + "' have the same slot_name, '" + slot.name() + "', on " + slot.server()
                                + ": each needs its own");
                    }
                }
            }
        }
    }

    /** Slots belong to the whole server: the database makes no difference. */
    private record Slot(ServerAddress server, String name) {}

    private PostgresSourceConfig build(SourceOptions options) {
        PostgresSourceConfig.Builder builder = PostgresSourceConfig.builder(
                options.get(SourceOption.ID).map(Given::value).orElse(DEFAULT_ID));
        login(options, builder);
        tls(options, builder);
        options.get(SourceOption.SLOT_NAME).map(Given::value).ifPresent(builder::withSlotName);
        options.get(SourceOption.FAILOVER_SLOT).map(SourceConfigurations::bool).ifPresent(builder::withFailoverSlot);
        options.get(SourceOption.PUBLICATION_NAME).map(Given::value).ifPresent(builder::withPublicationName);
        slot(options, builder);
        options.tables().ifPresent(builder::withTables);
        options.tableKeys().orElse(List.of()).forEach(builder::addTableKey);
        delivery(options, builder);
        return builder.build();
    }

    private void login(SourceOptions options, PostgresSourceConfig.Builder builder) {
        options.get(SourceOption.HOST).map(Given::value).ifPresent(builder::withHost);
        options.get(SourceOption.PORT).map(SourceConfigurations::ports).ifPresent(builder::withPort);
        options.get(SourceOption.TARGET_SESSION_ATTRS)
                .map(given -> oneOf(given, TargetSessionAttributes.values(), TargetSessionAttributes::libpqName))
                .ifPresent(builder::withTargetSessionAttributes);
        String user = options.get(SourceOption.USER).map(Given::value).orElse(operatingSystemUser);
        String database = options.get(SourceOption.DATABASE).map(Given::value).orElse(user);
        builder.withUser(user).withDatabase(database);
        builder.withPasswordSupplier(passwordSupplier(options, builder.build().servers(), database, user));
    }

    /** One, or several with commas between; an empty one among several is the default. */
    private static String ports(Given given) {
        for (String port : given.value().split(",", -1)) {
            if (!port.isBlank() || given.value().indexOf(',') < 0) {
                number(new Given(port, given.origin()), 1, 65_535);
            }
        }
        return given.value().strip();
    }

    /** An explicit password, else the password file, read anew each time the server asks. */
    private PasswordSupplier passwordSupplier(
            SourceOptions options, List<ServerAddress> servers, String database, String user) {
        Optional<Given> password = options.get(SourceOption.PASSWORD);
        if (password.isPresent()) {
            return PasswordSupplier.of(password.get().value());
        }
        Path path =
                options.get(SourceOption.PASSFILE).map(given -> path(given)).orElse(homeDirectory.resolve(".pgpass"));
        PasswordFile file = new PasswordFile(path, warnings);
        ServerAddress first = servers.get(0);
        return new PasswordSupplier() {
            @Override
            public Optional<char[]> get() {
                return get(first.host(), first.port());
            }

            @Override
            public Optional<char[]> get(String host, int port) {
                return file.find(host, port, database, user).map(String::toCharArray);
            }
        };
    }

    private static void tls(SourceOptions options, PostgresSourceConfig.Builder builder) {
        // As in libpq, whose default is another one with these roots.
        if (options.get(SourceOption.SSL_ROOT_CERT)
                .filter(given -> given.value().equals("system"))
                .isPresent()) {
            builder.withSslMode(SslMode.VERIFY_FULL);
        }
        options.get(SourceOption.SSL_MODE).map(SourceConfigurations::sslMode).ifPresent(builder::withSslMode);
        options.get(SourceOption.SSL_ROOT_CERT).map(SourceConfigurations::path).ifPresent(builder::withSslRootCert);
        options.get(SourceOption.SSL_CERT).map(SourceConfigurations::path).ifPresent(builder::withSslCert);
        options.get(SourceOption.SSL_KEY).map(SourceConfigurations::path).ifPresent(builder::withSslKey);
        options.get(SourceOption.CONNECT_TIMEOUT)
                .map(SourceConfigurations::connectTimeout)
                .ifPresent(builder::withConnectTimeout);
    }

    private static void slot(SourceOptions options, PostgresSourceConfig.Builder builder) {
        options.get(SourceOption.SLOT_HELD)
                .map(given ->
                        oneOf(given, SlotHeld.values(), choice -> choice.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withSlotHeld);
        options.get(SourceOption.ON_POSITION_LOST)
                .map(given -> oneOf(
                        given, OnPositionLost.values(), choice -> choice.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withOnPositionLost);
        options.get(SourceOption.RETENTION_WARNING)
                .map(SourceConfigurations::bytes)
                .ifPresent(builder::withRetentionWarning);
        options.get(SourceOption.CREATE_PUBLICATION)
                .map(SourceConfigurations::bool)
                .ifPresent(builder::withCreatePublication);
    }

    private static void delivery(SourceOptions options, PostgresSourceConfig.Builder builder) {
        options.get(SourceOption.PEER_TIMEOUT)
                .map(given -> duration(given, Duration.ofSeconds(1), Duration.ofHours(1)))
                .ifPresent(builder::withPeerTimeout);
        options.get(SourceOption.STATUS_INTERVAL)
                .map(given -> duration(given, Duration.ofMillis(100), Duration.ofMinutes(10)))
                .ifPresent(builder::withStatusInterval);
        options.get(SourceOption.INVALID_TEXT)
                .map(given -> oneOf(
                        given, InvalidText.values(), choice -> choice.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withInvalidText);
        options.get(SourceOption.STREAMING)
                .map(given -> oneOf(given, Streaming.values(), choice -> choice.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withStreaming);
        options.get(SourceOption.TWO_PHASE).map(SourceConfigurations::bool).ifPresent(builder::withTwoPhase);
        options.get(SourceOption.ROW_FORMAT)
                .map(given ->
                        oneOf(given, RowFormat.values(), choice -> choice.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withRowFormat);
        options.get(SourceOption.ALLOW_CLEARTEXT_PASSWORD)
                .map(SourceConfigurations::bool)
                .ifPresent(builder::withAllowCleartextPassword);
        options.get(SourceOption.DISPATCH_MODE)
                .map(given ->
                        oneOf(given, DispatchMode.values(), mode -> mode.name().toLowerCase(Locale.ROOT)))
                .ifPresent(builder::withDispatchMode);
        options.get(SourceOption.DISPATCH_BUFFER_CAPACITY)
                .map(given -> number(given, 1, 1_000_000))
                .ifPresent(builder::withDispatchBufferCapacity);
        options.get(SourceOption.MAX_TRANSACTION_MEMORY)
                .map(SourceConfigurations::bytes)
                .ifPresent(builder::withMaxTransactionMemory);
        options.get(SourceOption.TEMP_DIR).map(SourceConfigurations::path).ifPresent(builder::withTempDir);
        options.get(SourceOption.BOOTSTRAP_BATCH_SIZE)
                .map(given -> number(given, 1, 100_000))
                .ifPresent(builder::withBootstrapBatchSize);
        options.get(SourceOption.BOOTSTRAP_PARALLELISM)
                .map(given -> number(given, 1, 32))
                .ifPresent(builder::withBootstrapParallelism);
        options.get(SourceOption.AUTO_START).map(SourceConfigurations::bool).ifPresent(builder::withAutoStart);
    }

    private static SslMode sslMode(Given given) {
        // The configuration file may also carry the specification's Rust spelling.
        Given name = new Given(given.value().toLowerCase(Locale.ROOT).replace('_', '-'), given.origin());
        return oneOf(name, SslMode.values(), SslMode::libpqName);
    }

    private static <T> T oneOf(Given given, T[] members, Function<T, String> nameOf) {
        return Arrays.stream(members)
                .filter(member -> nameOf.apply(member).equalsIgnoreCase(given.value()))
                .findFirst()
                .orElseThrow(() -> wrong(
                        given, "one of " + Arrays.stream(members).map(nameOf).collect(Collectors.joining(", "))));
    }

    private static int number(Given given, int least, int most) {
        OptionException wrong = wrong(given, String.format(Locale.ROOT, "a number from %,d to %,d", least, most));
        try {
            int number = Integer.parseInt(given.value().strip());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            wrong.initCause(e);
        }
        throw wrong;
    }

    private static long bytes(Given given) {
        try {
            return SizeText.parse(given.value());
        } catch (IllegalArgumentException e) {
            throw wrong(given, String.valueOf(e.getMessage()));
        }
    }

    private static boolean bool(Given given) {
        return switch (given.value().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(given, "true or false");
        };
    }

    private static Duration connectTimeout(Given given) {
        // libpq's way to say that there is no limit.
        return NO_LIMIT.matcher(given.value().strip()).matches()
                ? LONGEST_CONNECT_TIMEOUT
                : duration(given, Duration.ofMillis(100), LONGEST_CONNECT_TIMEOUT);
    }

    /** The bounds are the configuration's own; checked here, the message can say where the value was given. */
    private static Duration duration(Given given, Duration least, Duration most) {
        Duration duration;
        try {
            duration = DurationText.parse(given.value());
        } catch (IllegalArgumentException e) {
            throw wrong(given, String.valueOf(e.getMessage()));
        }
        if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
            throw wrong(given, DurationText.of(least) + " to " + DurationText.of(most));
        }
        return duration;
    }

    private static Path path(Given given) {
        try {
            return Path.of(given.value());
        } catch (java.nio.file.InvalidPathException e) {
            throw wrong(given, "a file name");
        }
    }

    private static OptionException wrong(Given given, String expected) {
        return new OptionException(given.origin() + " must be " + expected + ", was '" + given.value() + "'");
    }
}
