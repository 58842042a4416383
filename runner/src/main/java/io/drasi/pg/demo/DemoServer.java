// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL server with everything it needs in one temporary directory, both of which are gone after closing. */
public final class DemoServer implements AutoCloseable {
    private static final Duration STARTUP = Duration.ofSeconds(60);
    private static final Duration IMMEDIATE_SHUTDOWN = Duration.ofSeconds(5);
    private static final Duration REMOVAL = Duration.ofSeconds(10);
    private static final String DATA_DIRECTORY = "data";
    private static final String PID_FILE = "postmaster.pid";
    /** Where the library makes a directory even when it is told another one. */
    private static final String WORKING_DIRECTORY_PROPERTY = "ot.epg.working-dir";

    private final Path directory;
    private final EmbeddedPostgres postgres;

    /** The server did not start. */
    public static final class StartException extends Exception {
        private static final long serialVersionUID = 1L;

        private StartException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private DemoServer(Path directory, EmbeddedPostgres postgres) {
        this.directory = directory;
        this.postgres = postgres;
    }

    /**
     * Starts a server with new data on a free port of the loopback interface.
     *
     * @param lastResort takes, before the server starts, what ends it and removes its directory whatever either is doing
     * @throws StartException if the server does not start, or there are no PostgreSQL programs for this platform; nothing
     *     is left behind
     */
    public static DemoServer start(Consumer<Runnable> lastResort) throws StartException {
        try {
            Path directory = Files.createTempDirectory("drasi-pg-demo-");
            lastResort.accept(() -> abandon(directory));
            return startIn(directory);
        } catch (IOException | RuntimeException e) {
            throw new StartException("the PostgreSQL server of the demo did not start: " + e.getMessage(), e);
        }
    }

    private static DemoServer startIn(Path directory) throws IOException {
        Path data = directory.resolve(DATA_DIRECTORY);
        try {
            // By default the programs stay in a directory that is shared by all users of the library.
            Path programs = directory.resolve("programs");
            System.setProperty(WORKING_DIRECTORY_PROPERTY, programs.toString());
            EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                    .setOverrideWorkingDirectory(programs.toFile())
                    .setPgBinaryResolver(new ServerPrograms())
                    .setDataDirectory(data)
                    // The run stops the source first, then the server.
                    .setRegisterShutdownHook(false)
                    .setPGStartupWait(STARTUP)
                    .setServerConfig("wal_level", "logical")
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    // The default puts a socket into /tmp.
                    .setServerConfig("unix_socket_directories", "")
                    .start();
            return new DemoServer(directory, postgres);
        } catch (IOException | RuntimeException e) {
            stopPostmaster(data.resolve(PID_FILE));
            delete(directory);
            throw e;
        }
    }

    private static void abandon(Path directory) {
        try {
            stopPostmaster(directory.resolve(DATA_DIRECTORY).resolve(PID_FILE));
            // What prepares the data directory, or is about to start the server.
            ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
            // Others may still be writing there.
            long deadline = System.nanoTime() + REMOVAL.toNanos();
            while (Files.exists(directory) && System.nanoTime() - deadline < 0) {
                tryToDelete(directory);
            }
        } catch (IOException | RuntimeException e) {
            System.err.println("drasi-pg: cannot remove " + directory + ": " + e);
        }
    }

    private static void stopPostmaster(Path pidFile) throws IOException {
        if (!Files.exists(pidFile)) {
            return;
        }
        String pid = Files.readString(pidFile).lines().findFirst().orElse("").strip();
        if (!pid.isEmpty()) {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(DemoServer::stopImmediately);
        }
    }

    /** SIGQUIT is PostgreSQL's immediate shutdown, which also frees its shared memory; Java itself cannot send it. */
    private static void stopImmediately(ProcessHandle postmaster) {
        try {
            new ProcessBuilder("sh", "-c", "kill -QUIT " + postmaster.pid()).start();
            postmaster.onExit().get(IMMEDIATE_SHUTDOWN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (IOException | ExecutionException | TimeoutException e) {
            postmaster.destroyForcibly();
            postmaster.onExit().join();
        } catch (InterruptedException e) {
            postmaster.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    public String host() {
        return "127.0.0.1";
    }

    public int port() {
        return postgres.getPort();
    }

    public String user() {
        return "postgres";
    }

    public String database() {
        return "postgres";
    }

    /** A new connection as superuser. */
    public Connection connect() throws SQLException {
        return postgres.getPostgresDatabase().getConnection();
    }

    @Override
    public void close() {
        try {
            postgres.close();
            delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + directory, e);
        }
    }

    private static void tryToDelete(Path directory) {
        try {
            delete(directory);
        } catch (IOException e) {
            // Something was written into it meanwhile: the next try finds that too.
            Thread.onSpinWait();
        }
    }

    private static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
                // The server may remove its files while it stops.
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
