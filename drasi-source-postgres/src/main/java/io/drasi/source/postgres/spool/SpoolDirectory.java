// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A directory that is locked as long as a process uses it. Others are in the same parent, which may be one that anybody writes
 * to: links are not followed.
 *
 * @param lock that of its lock file
 */
record SpoolDirectory(Path path, FileLock lock) {
    private static final int ATTEMPTS = 10;
    private static final String LOCK = "lock";
    /** Those of this process: whoever opened and closed the lock file of one would release its lock. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    /** A new one, of which only this user may read or write. */
    static SpoolDirectory make(Path parent, String prefix) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Path made = Files.createTempDirectory(parent.toRealPath(), prefix);
            OWN.add(made);
            Optional<FileLock> lock = lockNew(made);
            if (lock.isPresent()) {
                return new SpoolDirectory(made, lock.get());
            }
            OWN.remove(made);
        }
        throw new IOException("each new one was deleted by another process");
    }

    /** Empty if another process has taken it for one that was left. */
    private static Optional<FileLock> lockNew(Path made) throws IOException {
        try {
            Optional<FileLock> lock = lock(made, StandardOpenOption.CREATE_NEW);
            if (lock.isPresent() && !Files.exists(made.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)) {
                lock.get().acquiredBy().close(); // it was deleted between its making and the lock
                return Optional.empty();
            }
            return lock;
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Empty if somebody else has it. */
    private static Optional<FileLock> lock(Path directory, OpenOption... more) throws IOException {
        Set<OpenOption> options = new HashSet<>(Set.of(more));
        options.add(StandardOpenOption.WRITE);
        options.add(LinkOption.NOFOLLOW_LINKS);
        FileChannel channel = FileChannel.open(directory.resolve(LOCK), options);
        Optional<FileLock> lock = Optional.empty();
        try {
            lock = Optional.ofNullable(channel.tryLock());
        } catch (OverlappingFileLockException e) {
            lock = Optional.empty(); // a source of this process
        } finally {
            if (lock.isEmpty()) {
                channel.close();
            }
        }
        return lock;
    }

    /** Deletes one that was left. False if somebody uses it, or nobody can say. */
    static boolean deleteUnlessUsed(Path left) throws IOException {
        Path real = left.toRealPath();
        if (OWN.contains(real)) {
            return false;
        }
        if (!Files.exists(real.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)) {
            return deleteIfEmpty(real);
        }
        if (!Files.isRegularFile(real.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Optional<FileLock> lock = lock(real);
        if (lock.isEmpty()) {
            return false;
        }
        new SpoolDirectory(real, lock.get()).delete();
        return true;
    }

    /** The process was killed before it could lock it; or another one has made it in this moment, and makes another then. */
    private static boolean deleteIfEmpty(Path directory) throws IOException {
        try {
            return Files.deleteIfExists(directory);
        } catch (DirectoryNotEmptyException e) {
            return false;
        }
    }

    /** With all files in it. */
    void delete() throws IOException {
        try {
            if (Files.exists(path)) {
                deleteAll();
            }
        } finally {
            lock.acquiredBy().close();
            OWN.remove(path);
        }
    }

    private void deleteAll() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(path);
    }
}
