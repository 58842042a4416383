// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a source's large transactions, in a directory of their own, which is made with the first of them and which
 * nobody else may read. A file goes when its transaction is {@linkplain #confirmed confirmed}, all of them when this is closed.
 * What a process has left that was killed goes when the next one begins: a lock tells whether somebody still uses a directory.
 * Thread-safe.
 */
public final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final int LONGEST_NAME = 100;
    private static final int ATTEMPTS = 10;
    private static final String LOCK = "lock";
    /** Those of this process: whoever opened and closed the lock file of one would release its lock. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final String sourceId;
    private final Path parent;
    private final String prefix;
    private final Runnable onFailure;

    // All below are guarded by this.
    private final List<MessageLog> logs = new ArrayList<>();
    private @Nullable Directory directory;
    private @Nullable SourceException failure;
    private long files;
    private boolean closed;

    private record Directory(Path path, FileLock lock) {}

    /**
     * @param parent files are in a directory below it
     * @param onFailure is run when a transaction can't be read
     */
    public Spool(String sourceId, Path parent, Runnable onFailure) {
        String name = URLEncoder.encode(sourceId, StandardCharsets.UTF_8);
        this.sourceId = sourceId;
        this.parent = parent;
        this.prefix = "drasi-spool-" + name.substring(0, Math.min(name.length(), LONGEST_NAME)) + "-";
        this.onFailure = onFailure;
    }

    /**
     * Deletes what processes have left that were killed.
     *
     * @throws SpoolException if there is no directory for files
     */
    public void begin() {
        if (!Files.isDirectory(parent)) {
            throw new SpoolException(
                    "there is no directory " + parent + " for the files of large transactions",
                    "Make it, or give another one: temp_dir.",
                    null);
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, prefix + "*")) {
            for (Path left : all) {
                if (!OWN.contains(left.toAbsolutePath())) {
                    deleteUnlessUsed(left);
                }
            }
        } catch (IOException e) {
            LOG.warn("source '{}': can't look for what was left in {}: {}", sourceId, parent, e.toString());
        }
    }

    private void deleteUnlessUsed(Path left) {
        try {
            Optional<FileLock> taken = lock(left);
            if (taken.isPresent()) {
                deleteAll(left);
                taken.get().acquiredBy().close();
                LOG.info("source '{}': deleted {}, which a process has left that was killed", sourceId, left);
            }
        } catch (NoSuchFileException e) {
            LOG.trace("source '{}': {} was deleted in this moment", sourceId, left);
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}, which a process has left: {}", sourceId, left, e.toString());
        }
    }

    /** Empty if somebody else has it. */
    private static Optional<FileLock> lock(Path directory) throws IOException {
        FileChannel channel =
                FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Optional<FileLock> lock = Optional.empty();
        try {
            lock = Optional.ofNullable(channel.tryLock());
        } finally {
            if (lock.isEmpty()) {
                channel.close();
            }
        }
        return lock;
    }

    private static void deleteAll(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    /**
     * A new file for the messages of a transaction.
     *
     * @param xid of the transaction, for the file's name and messages
     * @throws SpoolException if it can't be made
     * @throws IllegalStateException if this is closed
     */
    public synchronized MessageLog create(long xid) {
        if (closed) {
            throw new IllegalStateException("the spool of source '" + sourceId + "' is closed");
        }
        Directory current = directory;
        if (current == null) {
            current = makeDirectory();
            directory = current;
        }
        MessageLog log = new MessageLog(current.path().resolve(xid + "-" + files++), xid);
        logs.add(log);
        return log;
    }

    private Directory makeDirectory() {
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Path made = Files.createTempDirectory(parent.toAbsolutePath(), prefix);
                OWN.add(made);
                Optional<FileLock> lock = lockNew(made);
                if (lock.isPresent()) {
                    return new Directory(made, lock.get());
                }
                OWN.remove(made);
            }
            throw new IOException("each new one was deleted by another process");
        } catch (IOException e) {
            throw new SpoolException(
                    "can't make a directory for large transactions in " + parent + ": " + e,
                    "Give one that this process may write to: temp_dir.",
                    e);
        }
    }

    /** Empty if another process has taken it for one that was left. */
    private static Optional<FileLock> lockNew(Path made) throws IOException {
        try {
            return lock(made);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** The log is of no use any more: its file is deleted. */
    public void drop(MessageLog log) {
        synchronized (this) {
            logs.remove(log);
        }
        delete(log);
    }

    private void delete(MessageLog log) {
        try {
            log.drop();
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}: {}", sourceId, log.path(), e.toString());
        }
    }

    /** All transactions that end before are confirmed, and nobody needs their files any more. */
    public void confirmed(Lsn lsn) {
        List<MessageLog> done = new ArrayList<>();
        synchronized (this) {
            if (logs.isEmpty()) {
                return;
            }
            for (MessageLog log : logs) {
                if (log.endsBefore(lsn)) {
                    done.add(log);
                }
            }
            logs.removeAll(done);
        }
        done.forEach(this::delete);
    }

    /** A transaction can't be read: the source has to end. */
    public void failed(SourceException cause) {
        synchronized (this) {
            if (failure == null) {
                failure = cause;
            }
        }
        onFailure.run();
    }

    /** @throws SourceException why a transaction could not be read */
    public void throwIfFailed() {
        SourceException cause;
        synchronized (this) {
            cause = failure;
        }
        if (cause != null) {
            throw cause;
        }
    }

    /** Deletes all files. Who has a transaction can read it to its end. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        Directory left = directory;
        if (left == null) {
            return;
        }
        try {
            for (MessageLog log : logs) {
                log.unlink();
            }
            deleteAll(left.path());
            left.lock().acquiredBy().close();
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}: {}", sourceId, left.path(), e.toString());
        }
        logs.clear();
        OWN.remove(left.path());
    }
}
