// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a source's large transactions, in a directory of their own, which is made with the first of them. A file goes
 * when its transaction is {@linkplain #confirmed confirmed}, all of them when this is closed. What a process has left that was
 * killed goes when the next one makes its directory: a lock tells whether somebody still uses one. Thread-safe.
 */
public final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final int LONGEST_NAME = 100;
    private static final String LOCK = "lock";
    /** Tells several of one process apart. */
    private static final AtomicLong NUMBER = new AtomicLong();

    private final String sourceId;
    private final Path parent;
    private final String prefix;
    // All below are guarded by this.
    private final List<MessageLog> logs = new ArrayList<>();
    private @Nullable Path directory;
    private @Nullable FileLock lock;
    private long files;
    private boolean closed;

    /** @param parent a directory that exists; files are in one below it */
    public Spool(String sourceId, Path parent) {
        String name = URLEncoder.encode(sourceId, StandardCharsets.UTF_8);
        this.sourceId = sourceId;
        this.parent = parent;
        this.prefix = "drasi-spool-" + name.substring(0, Math.min(name.length(), LONGEST_NAME)) + "-";
    }

    /**
     * A new file for the messages of a transaction.
     *
     * @param xid of the transaction, for the file's name and messages
     * @throws SpoolException if it can't be made
     */
    public synchronized MessageLog create(long xid) {
        if (closed) {
            throw new IllegalStateException("the spool of source '" + sourceId + "' is closed");
        }
        Path file = directory().resolve(xid + "-" + files++);
        MessageLog log = new MessageLog(file, xid);
        logs.add(log);
        return log;
    }

    /** The log is of no use any more: its file is deleted. */
    public void drop(MessageLog log) {
        synchronized (this) {
            logs.remove(log);
        }
        log.delete();
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
        done.forEach(MessageLog::delete);
    }

    private Path directory() {
        Path known = directory;
        if (known != null) {
            return known;
        }
        try {
            deleteLeft();
            Path made = parent.resolve(
                    prefix + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet());
            Files.createDirectory(made);
            directory = made;
            lock = lock(made);
            return made;
        } catch (IOException e) {
            throw new SpoolException(
                    "can't make a directory for large transactions in " + parent + ": " + e,
                    "Give one that this process may write to: temp_dir.",
                    e);
        }
    }

    private static @Nullable FileLock lock(Path directory) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
            }
            return lock;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** What processes have left that are no more. */
    private void deleteLeft() throws IOException {
        String own = prefix + ProcessHandle.current().pid() + "-"; // others of this process; their locks are not to be tried
        try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, prefix + "*")) {
            for (Path left : all) {
                if (!left.getFileName().toString().startsWith(own)) {
                    deleteUnlessUsed(left);
                }
            }
        }
    }

    private void deleteUnlessUsed(Path left) {
        try {
            FileLock taken = lock(left);
            if (taken != null) {
                deleteAll(left);
                taken.acquiredBy().close();
                LOG.info("source '{}': deleted {}, which a process has left that was killed", sourceId, left);
            }
        } catch (IOException | OverlappingFileLockException e) {
            LOG.warn("source '{}': can't delete {}, which a process has left: {}", sourceId, left, e.toString());
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    /** Deletes all files. Who reads one in this moment may go on. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        logs.forEach(MessageLog::delete);
        logs.clear();
        Path made = directory;
        FileLock taken = lock;
        if (made == null) {
            return;
        }
        try {
            deleteAll(made);
            if (taken != null) {
                taken.acquiredBy().close();
            }
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}: {}", sourceId, made, e.toString());
        }
    }
}
