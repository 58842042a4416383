// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A PostgreSQL server with a fresh data directory, for one test or one test class. It listens on {@value #HOST} and on
 * a Unix socket, and ends with {@link #close()}, or with this JVM at the latest. Thread-safe.
 *
 * <p>Unless the builder says otherwise: {@code wal_level=logical}, ten WAL senders and ten replication slots,
 * {@code fsync=off}, UTF8, and pg_hba.conf trusts everybody on this host.
 */
public final class PostgresServer implements AutoCloseable {
    static final String HOST = "127.0.0.1";
    static final String SUPERUSER = "postgres";

    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);
    private static final int PORT_ATTEMPTS = 10;
    // Below the range from which the kernel takes the ports of outgoing connections: none of them is in the way when
    // the server starts again.
    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;

    private final PostgresVersion version;
    private final Path directory;
    private final Path socketDirectory;
    private final Optional<TlsFiles> tlsFiles;
    private final ServerSettings settings;
    private final Postmaster postmaster;
    private final Sessions sessions = new Sessions();
    private volatile int port;
    private boolean closed;

    private PostgresServer(Builder builder, Path directory) {
        this.directory = directory;
        version = builder.version;
        tlsFiles = builder.tlsFiles;
        socketDirectory = builder.socketDirectory.orElse(directory.resolve("s"));
        settings = new ServerSettings(dataDirectory(), builder.settings);
        if (builder.primary.isPresent()) {
            StandbyCopy.make(builder.primary.get(), dataDirectory(), builder.primarySlot)
                    .forEach(settings::putIfAbsent);
        } else {
            DataTemplate.copyTo(dataDirectory(), version, builder.locale, builder.initdbArguments);
        }
        settings.writeHostBasedAuthentication(builder.hba);
        settings.put("unix_socket_directories", socketDirectory.toString());
        tlsFiles.ifPresent(this::installTls);
        postmaster = new Postmaster(Installation.of(version), dataDirectory(), logFile());
    }

    public static Builder builder(PostgresVersion version) {
        return new Builder(version);
    }

    /**
     * A server of the newest release of a major version.
     *
     * @param major one of the {@linkplain PostgresVersion#available() available} versions
     */
    public static Builder builder(int major) {
        return new Builder(PostgresVersion.of(major));
    }

    /**
     * A hot standby of a running server, with all that is in that by then; it follows by streaming until {@link #promote}.
     *
     * @param slotName the physical replication slot that is made for it on the primary, also its {@code application_name}
     *     there
     */
    public static Builder standbyOf(PostgresServer primary, String slotName) {
        Builder builder = new Builder(primary.version());
        builder.primary = Optional.of(primary);
        builder.primarySlot = slotName;
        builder.tlsFiles = primary.tlsFiles;
        return builder;
    }

    /** How the server is set up. Not thread-safe. */
    public static final class Builder {
        private final PostgresVersion version;
        private final Map<String, String> settings = new LinkedHashMap<>(ServerSettings.defaults());
        private final List<String> initdbArguments = new ArrayList<>();
        private List<String> hba = List.of(
                "local all all trust",
                "local replication all trust",
                "host all all 127.0.0.1/32 trust",
                "host all all ::1/128 trust",
                "host replication all 127.0.0.1/32 trust",
                "host replication all ::1/128 trust");
        private Optional<TlsFiles> tlsFiles = Optional.empty();
        private Optional<Path> socketDirectory = Optional.empty();
        private String locale = "";
        private boolean onDisk;
        private Optional<PostgresServer> primary = Optional.empty();
        private String primarySlot = "";

        private Builder(PostgresVersion version) {
            this.version = version;
        }

        /** A line of postgresql.conf; the value needs no quotes. A fixed {@code port} is possible too. */
        public Builder setting(String name, String value) {
            settings.put(name, value);
            return this;
        }

        /** The lines of pg_hba.conf. Only the testkit itself gets in whatever they say. */
        public Builder hba(String... lines) {
            hba = List.of(lines);
            return this;
        }

        /** TLS with the certificates of {@link TlsFiles#shared()}. */
        public Builder tls() {
            return tls(TlsFiles.shared());
        }

        public Builder tls(TlsFiles files) {
            tlsFiles = Optional.of(files);
            return this;
        }

        /**
         * An existing directory with a short path, in which the server's account may write; without this the server
         * gets one of its own.
         */
        public Builder unixSocketDirectory(Path existing) {
            socketDirectory = Optional.of(existing);
            return this;
        }

        /** More arguments for initdb, e.g. {@code --encoding=LATIN1} or {@code --wal-segsize=1}. */
        public Builder initdbArgs(String... arguments) {
            initdbArguments.addAll(List.of(arguments));
            return this;
        }

        /**
         * Keeps the data directory on disk. Otherwise it is in memory where that is large enough: good for the second
         * that a test takes, but not for gigabytes.
         */
        public Builder onDisk() {
            onDisk = true;
            return this;
        }

        /** Instead of C.UTF-8. */
        public Builder locale(String name) {
            locale = name;
            return this;
        }

        /**
         * Starts the server and waits until it lets clients in.
         *
         * @throws IllegalStateException with the server's log if it doesn't start
         */
        public PostgresServer start() {
            Path directory = RunDirectory.newServerDirectory(onDisk);
            PostgresServer server = new PostgresServer(this, directory);
            RunDirectory.register(server);
            try {
                server.startFirst(Optional.ofNullable(settings.get("port")));
            } catch (RuntimeException | Error e) {
                server.close();
                throw e;
            }
            return server;
        }
    }

    private synchronized void startFirst(Optional<String> wantedPort) {
        if (socketDirectory.startsWith(directory)) {
            makeSocketDirectory();
        }
        for (int attempt = 1; ; attempt++) {
            port = wantedPort
                    .map(Integer::parseInt)
                    .orElseGet(() -> FIRST_PORT + ThreadLocalRandom.current().nextInt(PORTS));
            settings.put("port", Integer.toString(port));
            settings.write();
            try {
                postmaster.start();
                return;
            } catch (Postmaster.StartFailedException e) {
                if (wantedPort.isPresent() || !e.portTaken() || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void makeSocketDirectory() {
        try {
            Files.createDirectory(socketDirectory);
            ServerAccount.current().own(socketDirectory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void installTls(TlsFiles files) {
        files.installInto(dataDirectory());
        settings.put("ssl", "on");
        settings.put("ssl_cert_file", TlsFiles.SERVER_CERTIFICATE);
        settings.put("ssl_key_file", TlsFiles.SERVER_KEY);
        settings.put("ssl_ca_file", TlsFiles.ROOT_CERTIFICATE);
    }

    public PostgresVersion version() {
        return version;
    }

    /** The address to connect to: {@code 127.0.0.1}. */
    public String host() {
        return HOST;
    }

    /** Stays the same when the server is started again. */
    public int port() {
        return port;
    }

    /** What libpq takes as a host for the Unix socket: the directory with {@code .s.PGSQL.<port>} in it. */
    public String socketDirectory() {
        return socketDirectory.toString();
    }

    public String superuser() {
        return SUPERUSER;
    }

    public Path dataDirectory() {
        return directory.resolve("data");
    }

    public Path logFile() {
        return directory.resolve("log");
    }

    /** All that the server has logged so far. */
    public String log() {
        try {
            // Not readString: a database in another encoding logs bytes that are not UTF-8.
            return new String(Files.readAllBytes(logFile()), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The certificates that the server uses and trusts.
     *
     * @throws IllegalStateException if the server was started without TLS
     */
    public TlsFiles tlsFiles() {
        return tlsFiles.orElseThrow(() -> new IllegalStateException("this server was started without TLS"));
    }

    /** Creates an empty database; the name is quoted as an identifier. */
    public PostgresServer createDatabase(String name) {
        execute("CREATE DATABASE \"" + name.replace("\"", "\"\"") + "\" TEMPLATE template0");
        return this;
    }

    /** A database by its name; whether it exists shows when it is used. */
    public Database database(String name) {
        return new Database(this, name);
    }

    /** {@link Database#execute} in the database {@code postgres}. */
    public void execute(String... scripts) {
        database(SUPERUSER).execute(scripts);
    }

    /** Those that stand by. */
    Sessions sessions() {
        return sessions;
    }

    /** {@link Database#query} in the database {@code postgres}. */
    public List<List<String>> query(String sql) {
        return database(SUPERUSER).query(sql);
    }

    /** {@link Database#queryOne} in the database {@code postgres}. */
    public String queryOne(String sql) {
        return database(SUPERUSER).queryOne(sql);
    }

    /** {@link Database#connect()}. */
    public Connection connect(String database) {
        return database(database).connect();
    }

    /** {@link Database#connect(String, String)}. */
    public Connection connect(String database, String user, String password) throws SQLException {
        return database(database).connect(user, password);
    }

    public boolean running() {
        return postmaster.running();
    }

    /**
     * The process that each session is a child of.
     *
     * @throws IllegalStateException if the server doesn't run
     */
    public synchronized long postmasterPid() {
        return postmaster.pid();
    }

    /**
     * Starts the server again after it was stopped or killed, and waits until it lets clients in.
     *
     * @throws IllegalStateException with the server's log if it doesn't start
     */
    public synchronized void start() {
        if (closed) {
            throw new IllegalStateException("this server is closed");
        }
        postmaster.start();
    }

    /** {@link #stopFast(Duration)} with 60 s. */
    public Duration stopFast() {
        return stopFast(STOP_TIMEOUT);
    }

    /**
     * Runs {@code pg_ctl stop -m fast} and returns how long it took, to about a tenth of a second.
     *
     * @param timeout after which pg_ctl gives up, in whole seconds
     * @throws AssertionError with the end of the log if the server doesn't stop in time; it goes on stopping then
     */
    public synchronized Duration stopFast(Duration timeout) {
        return postmaster.stopFast(timeout);
    }

    /** Ends the server without a checkpoint (SIGQUIT); the next start recovers from the WAL. */
    public synchronized void stopImmediate() {
        postmaster.stopImmediate();
    }

    /** Kills the postmaster and its children (SIGKILL), which for clients and data is a crash of the server. */
    public synchronized void kill() {
        postmaster.kill();
    }

    /** {@link #stopFast()} and {@link #start()}. */
    public synchronized void restart() {
        stopFast();
        start();
    }

    /** Stops all processes in their tracks (SIGSTOP): the connections stay open and go silent. */
    public synchronized void pause() {
        postmaster.pause();
    }

    /** Lets the processes go on after {@link #pause()}. */
    public synchronized void resume() {
        postmaster.resume();
    }

    /** Makes a primary of a standby (pg_ctl promote), and waits until it is one. */
    public synchronized void promote() {
        postmaster.promote();
    }

    /** Sets a line of postgresql.conf for the next {@link #reload()} or {@link #restart()}. */
    public synchronized void setConfig(String name, String value) {
        settings.put(name, value);
        settings.write();
    }

    /** Replaces pg_hba.conf, for sessions that begin after the next {@link #reload()}. */
    public synchronized void setHba(String... lines) {
        settings.writeHostBasedAuthentication(List.of(lines));
    }

    /** Makes the server read its configuration, and waits until new sessions get it. */
    public synchronized void reload() {
        String loadTime = "SELECT pg_conf_load_time()";
        sessions.closeAll(); // each has a time of its own
        String before = queryOne(loadTime);
        postmaster.reload();
        Await.until("the configuration is reloaded", () -> {
            sessions.closeAll();
            return !queryOne(loadTime).equals(before);
        });
    }

    /** Ends the server at once, if it runs, and deletes its data directory. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        sessions.closeAll();
        RunDirectory.deregister(this);
        if (postmaster.running()) {
            postmaster.stopImmediate();
        }
        postmaster.releaseSharedMemory();
        Directories.delete(directory);
    }

    @Override
    public String toString() {
        return "PostgreSQL " + version.release() + " on port " + port;
    }
}
