// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Directories that are made once and kept, for all JVMs that run tests. One that is there is complete: it is filled under
 * another name and then renamed. They lie beside the archives; for a server that runs as another user in the directory
 * for temporary files, since that user may not be let into the place where the project lies.
 */
final class Cache {
    private Cache() {}

    interface Filler {
        void fill(Path directory) throws IOException;
    }

    /** The directory of that name; if it isn't there, {@code filler} is given a new empty one to fill. */
    static synchronized Path directory(String name, Filler filler) {
        Path root = root();
        Path directory = root.resolve(name);
        try {
            Files.createDirectories(root);
            requireOwn(root);
            if (Files.isDirectory(directory)) {
                return directory;
            }
            Path lockFile = root.resolve(name + ".lock");
            // Between threads "synchronized" does it, between processes the lock.
            try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid() && !Files.isDirectory(directory)) {
                    make(directory, filler);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make " + directory, e);
        }
        return directory;
    }

    private static Path root() {
        return ServerAccount.current().needsOwnFiles()
                ? Path.of(System.getProperty("java.io.tmpdir"), "drasi-testkit-" + uid())
                : PostgresVersion.binariesDirectory().resolveSibling("postgres-cache");
    }

    /** Anybody may make a directory of that name among the temporary files, and put programs into it. */
    private static void requireOwn(Path root) throws IOException {
        Object owner = Files.getAttribute(root, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!owner.equals(uid())) {
            throw new IOException(root + " belongs to another user");
        }
    }

    private static int uid() {
        return (int) new UnixSystem().getUid();
    }

    private static void make(Path directory, Filler filler) throws IOException {
        Path partial = directory.resolveSibling(directory.getFileName() + ".partial");
        Directories.delete(partial);
        Files.createDirectory(partial);
        filler.fill(partial);
        Files.move(partial, directory, StandardCopyOption.ATOMIC_MOVE);
    }
}
