// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.store;

import io.drasi.model.PositionStore;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Positions in a file of their own for each source, {@code <source id>.positions} in a directory that sources may share.
 * The file is replaced as a whole: written beside it, brought to the disk, renamed, and the directory brought to the disk. So
 * a crash at any moment leaves the old or the new one. A file that is damaged is an error, and never taken for an empty one.
 *
 * <p>While it is open, no other process and nobody else in this one can open the same. A second file, {@code .lock}, is for
 * that; it stays. All queries of a source, up to {@value #MOST_QUERIES}, are in one file, about 100 bytes each, and are
 * written together: a source saves what all have confirmed in the meantime, not each confirmation.
 */
public final class FilePositionStore implements PositionStore {
    static final int MOST_QUERIES = 100_000;
    private static final long LONGEST_FILE = 64L << 20;
    private static final int LONGEST_NAME = 150;
    private static final String SUFFIX = ".positions";

    private final String sourceId;
    private final Path file;
    private final StoreLock lock;
    // Guarded by this.
    private SortedMap<String, StoredPosition> positions = new TreeMap<>();
    private boolean closed;

    private FilePositionStore(String sourceId, Path file, StoreLock lock) {
        this.sourceId = sourceId;
        this.file = file;
        this.lock = lock;
    }

    /**
     * Opens the store, and makes the directory and the file if they do not exist.
     *
     * @throws PositionStoreException if another process or somebody else in this one has it open, if the file is damaged or of
     *     another source, or if the directory can't be written to
     */
    public static FilePositionStore open(Path directory, String sourceId) {
        try {
            Files.createDirectories(directory);
            Path real = directory.toRealPath();
            String name = fileName(sourceId);
            StoreLock lock = StoreLock.take(
                    real.resolve(name + ".lock"), "the positions of source '" + sourceId + "' in " + directory);
            try {
                FilePositionStore store = new FilePositionStore(sourceId, real.resolve(name + SUFFIX), lock);
                store.begin();
                return store;
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new PositionStoreException(
                    "can't keep positions of source '" + sourceId + "' in " + directory + ": " + reason(e)
                            + ". Give a directory that this process may write to.",
                    e);
        }
    }

    /** Two ids never get the same name: a long one ends with a checksum, and the file says whose it is. */
    private static String fileName(String sourceId) {
        String name = PositionFile.encoded(sourceId);
        if (name.length() <= LONGEST_NAME) {
            return name;
        }
        CRC32C checksum = new CRC32C();
        checksum.update(name.getBytes(StandardCharsets.US_ASCII));
        return name.substring(0, LONGEST_NAME) + "-" + HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /** Reads, and writes at once what was read: whether that works shall not be found out with the first confirmation. */
    private synchronized void begin() throws IOException {
        Optional<byte[]> content = content();
        if (content.isPresent()) {
            positions = PositionFile.decode(file, content.get(), sourceId);
        }
        replace(positions);
    }

    /** Empty if there is no file yet; one that can't be looked at is no such. */
    private Optional<byte[]> content() throws IOException {
        try {
            long size = Files.size(file);
            if (size > LONGEST_FILE) {
                throw new PositionStoreException(
                        file + " has " + size + " bytes, and is no file of positions for that", null);
            }
            return Optional.of(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized Optional<StoredPosition> load(String queryId) {
        requireOpen();
        return Optional.ofNullable(positions.get(queryId));
    }

    @Override
    public synchronized void save(Map<String, StoredPosition> changed) {
        requireOpen();
        SortedMap<String, StoredPosition> all = new TreeMap<>(positions);
        all.putAll(changed);
        if (all.size() > MOST_QUERIES) {
            throw new PositionStoreException(
                    file + " would have positions of more than " + MOST_QUERIES
                            + " queries. Remove those of queries that are no more.",
                    null);
        }
        change(all);
    }

    @Override
    public synchronized void remove(String queryId) {
        requireOpen();
        if (positions.containsKey(queryId)) {
            SortedMap<String, StoredPosition> all = new TreeMap<>(positions);
            all.remove(queryId);
            change(all);
        }
    }

    private void change(SortedMap<String, StoredPosition> all) {
        try {
            replace(all);
            positions = all;
        } catch (IOException e) {
            throw new PositionStoreException("can't save positions in " + file + ": " + reason(e), e);
        }
    }

    private void replace(SortedMap<String, StoredPosition> all) throws IOException {
        byte[] content = PositionFile.encode(sourceId, all);
        Path next = file.resolveSibling(file.getFileName() + ".new");
        // Not a channel: an interrupt of the thread would close that.
        try {
            try (FileOutputStream out = new FileOutputStream(next.toFile())) {
                out.write(content);
                out.getFD().sync();
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(next); // a full disk needs the space
            throw e;
        }
        syncDirectory();
    }

    /** The new name is on the disk only then. Windows does without, and can't. */
    private void syncDirectory() throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null
                || !directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new PositionStoreException("the store of positions in " + file + " is closed", null);
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            lock.close();
        } catch (IOException e) {
            throw new PositionStoreException("can't release the lock of " + file + ": " + reason(e), e);
        }
    }

    private static String reason(IOException failure) {
        if (failure instanceof FileSystemException named) {
            String what = failure instanceof AccessDeniedException
                    ? "permission denied"
                    : failure instanceof FileAlreadyExistsException
                            ? "there is a file of that name"
                            : String.valueOf(named.getReason());
            return named.getFile() + ": " + what;
        }
        return String.valueOf(failure.getMessage());
    }

    @Override
    public String toString() {
        return "FilePositionStore[" + file + "]";
    }
}
