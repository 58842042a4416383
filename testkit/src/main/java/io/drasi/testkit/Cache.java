// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Directories that are made once and kept beside the archives, for all JVMs that run tests. One that is there is
 * complete: it is filled under another name and then renamed.
 */
final class Cache {
    private Cache() {}

    interface Filler {
        void fill(Path directory) throws IOException;
    }

    /** The directory of that name; if it isn't there, {@code filler} is given a new empty one to fill. */
    static synchronized Path directory(String name, Filler filler) {
        Path root = PostgresVersion.binariesDirectory().resolveSibling("postgres-cache");
        Path directory = root.resolve(name);
        if (Files.isDirectory(directory)) {
            return directory;
        }
        try {
            Files.createDirectories(root);
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

    private static void make(Path directory, Filler filler) throws IOException {
        Path partial = directory.resolveSibling(directory.getFileName() + ".partial");
        Directories.delete(partial);
        Files.createDirectory(partial);
        filler.fill(partial);
        Files.move(partial, directory, StandardCopyOption.ATOMIC_MOVE);
    }
}
