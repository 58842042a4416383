// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a source's large transactions, in a directory of their own, which is there as long as one of them is and which
 * nobody else may read. A file goes when nobody {@linkplain MessageLog#release holds} it any more, all of them when this is
 * closed. What a process has left that was killed goes when the next one begins: a lock tells whether somebody still uses a
 * directory. Thread-safe.
 */
public final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final int LONGEST_NAME = 100;

    /** Files that there are, and bytes in them. */
    public record Usage(int files, long bytes) {
        public static final Usage NONE = new Usage(0, 0);
    }

    private final String sourceId;
    private final Path parent;
    private final String prefix;
    private final Consumer<SourceException> onFailure;

    // All below are guarded by this.
    private final Set<MessageLog> logs = new HashSet<>();
    private @Nullable SpoolDirectory directory;
    private @Nullable SourceException failure;
    private long files;
    private boolean closed;

    /**
     * @param parent files are in a directory below it
     * @param onFailure is run when a transaction can't be read, on the thread that reads
     */
    public Spool(String sourceId, Path parent, Consumer<SourceException> onFailure) {
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
                deleteUnlessUsed(left);
            }
        } catch (IOException e) {
            LOG.warn("source '{}': can't look for what was left in {}: {}", sourceId, parent, e.toString());
        }
    }

    private void deleteUnlessUsed(Path left) {
        try {
            if (Files.isDirectory(left, LinkOption.NOFOLLOW_LINKS) && SpoolDirectory.deleteUnlessUsed(left)) {
                LOG.info("source '{}': deleted {}, which a process has left that was killed", sourceId, left);
            }
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}, which a process has left: {}", sourceId, left, e.toString());
        }
    }

    /**
     * A new file for the messages of a transaction. Who calls this holds it.
     *
     * @param xid of the transaction, for the file's name and messages
     * @throws SpoolException if it can't be made
     * @throws IllegalStateException if this is closed
     */
    public synchronized MessageLog create(long xid) {
        if (closed) {
            throw new IllegalStateException("the spool of source '" + sourceId + "' is closed");
        }
        SpoolDirectory current = directory;
        if (current == null) {
            current = makeDirectory();
            directory = current;
        }
        MessageLog log = new MessageLog(this, current.path().resolve(xid + "-" + files++), xid);
        logs.add(log);
        return log;
    }

    private SpoolDirectory makeDirectory() {
        try {
            return SpoolDirectory.make(parent, prefix);
        } catch (IOException e) {
            throw new SpoolException(
                    "can't make a directory for large transactions in " + parent + ": " + e,
                    "Give one that this process may write to: temp_dir.",
                    e);
        }
    }

    /** Nobody holds the log any more: its file is deleted. */
    synchronized void drop(MessageLog log) {
        try {
            log.drop();
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}: {}", sourceId, log.path(), e.toString());
        }
        if (logs.remove(log) && logs.isEmpty()) {
            deleteDirectory();
        }
    }

    private void deleteDirectory() {
        SpoolDirectory left = directory;
        directory = null;
        if (left == null) {
            return;
        }
        try {
            left.delete();
        } catch (IOException e) {
            LOG.warn("source '{}': can't delete {}: {}", sourceId, left.path(), e.toString());
        }
    }

    /** What there is now; of a file that is being written without what is still in its buffer. */
    public synchronized Usage usage() {
        return new Usage(
                logs.size(), logs.stream().mapToLong(MessageLog::written).sum());
    }

    /** A transaction can't be read: the source has to end. */
    public void failed(SourceException cause) {
        synchronized (this) {
            if (closed) {
                return; // the source has ended
            }
            if (failure == null) {
                failure = cause;
            }
        }
        onFailure.accept(cause);
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

    /** Deletes all files. Who holds a transaction can read it to its end. */
    @Override
    public synchronized void close() {
        closed = true;
        logs.clear();
        deleteDirectory();
    }
}
