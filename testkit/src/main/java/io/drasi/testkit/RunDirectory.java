// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The temporary directory of this JVM, with one directory in it for each server. Nothing of it outlives the JVM: a
 * shutdown hook closes the servers, and when the JVM is killed, a watching shell does the same.
 */
final class RunDirectory {
    /**
     * Standard input is a pipe from the JVM, so reading it ends when the JVM does, however that happens. A process is
     * signalled only if its command line shows that it is a server of this directory: a stale postmaster.pid may name a
     * process of somebody else by now.
     */
    private static final String WATCH = """
            trap '' HUP INT TERM
            cat >/dev/null
            pids=
            for file in "$1"/*/data/postmaster.pid; do
                pid=$(head -n 1 "$file" 2>/dev/null) || continue
                grep -qaF "$1" "/proc/$pid/cmdline" 2>/dev/null || continue
                kill -CONT "$pid"
                kill -QUIT "$pid"
                pids="$pids $pid"
            done
            # An immediate stop takes some milliseconds; what is still there after ten seconds is stuck.
            for pid in $pids; do
                tries=100
                while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
                    sleep 0.1
                    tries=$((tries - 1))
                done
                kill -KILL "$pid" 2>/dev/null
            done
            rm -rf "$1"
            """;

    /** Starting a server there takes a tenth of the time; a container's 64 MB would not do. */
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private static final long ROOM = 4L << 30;

    // Where the server runs as somebody else, others than the owner may pass through; they cannot list.
    private static final FileAttribute<?> MODE = PosixFilePermissions.asFileAttribute(
            PosixFilePermissions.fromString(ServerAccount.current().needsOwnFiles() ? "rwx--x--x" : "rwx------"));

    private static final Set<PostgresServer> SERVERS = ConcurrentHashMap.newKeySet();
    private static final AtomicInteger COUNT = new AtomicInteger();

    private RunDirectory() {}

    /** Makes the directory of a new server. */
    static Path newServerDirectory(boolean onDisk) {
        return create(Integer.toString(COUNT.incrementAndGet()), onDisk);
    }

    /** Makes a directory of the given name. */
    static Path create(String name, boolean onDisk) {
        try {
            return Files.createDirectory(root(onDisk).resolve(name), MODE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path root(boolean onDisk) {
        return onDisk ? OnDisk.ROOT : InMemory.ROOT;
    }

    static void register(PostgresServer server) {
        SERVERS.add(server);
    }

    static void deregister(PostgresServer server) {
        SERVERS.remove(server);
    }

    private static final class OnDisk {
        static final Path ROOT = makeRoot(Path.of(System.getProperty("java.io.tmpdir")));
    }

    private static final class InMemory {
        static final Path ROOT =
                makeRoot(hasRoom(SHARED_MEMORY) ? SHARED_MEMORY : Path.of(System.getProperty("java.io.tmpdir")));

        private static boolean hasRoom(Path directory) {
            return Files.isWritable(directory) && directory.toFile().getUsableSpace() >= ROOM;
        }
    }

    private static Path makeRoot(Path parent) {
        try {
            // Short, since paths of Unix sockets are limited to 107 bytes.
            Path directory = Files.createTempDirectory(parent, "dpg", MODE);
            Process watch = new ProcessBuilder("sh", "-c", WATCH, "sh", directory.toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(directory, watch), "close test servers"));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a temporary directory in " + parent, e);
        }
    }

    private static void end(Path directory, Process watch) {
        SERVERS.parallelStream()
                .filter(server -> server.dataDirectory().startsWith(directory))
                .forEach(PostgresServer::close);
        Directories.delete(directory);
        watch.destroyForcibly();
    }
}
