// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.store;

import io.drasi.model.PositionStoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps others away from a store, with a lock on a file beside it that the operating system releases when the process
 * ends, however that is. Who has it stands in the file.
 */
final class StoreLock implements AutoCloseable {
    private static final int LONGEST_HOLDER = 200;
    /**
     * Those of this process. To be asked before the file is opened: closing it would release the lock of the other one, as
     * POSIX has it.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    /** For the same reason one that was opened all the same stays open: somebody in this process has the lock. */
    private static final Map<Path, FileChannel> LEFT_OPEN = new ConcurrentHashMap<>();

    private final Path file;
    /** The runtime knows of it only as long as somebody refers to it. */
    private final FileLock lock;

    private StoreLock(Path file, FileLock lock) {
        this.file = file;
        this.lock = lock;
    }

    /**
     * @param file in a directory without symbolic links
     * @param what is locked, for the message
     * @throws PositionStoreException if somebody else has it
     */
    static StoreLock take(Path file, String what) throws IOException {
        if (!HELD.add(file)) {
            throw heldHere(what, null);
        }
        try {
            return new StoreLock(file, locked(file, what));
        } catch (IOException | RuntimeException e) {
            HELD.remove(file);
            throw e;
        }
    }

    private static PositionStoreException heldHere(String what, @Nullable Throwable cause) {
        return new PositionStoreException(
                what + " are in use by this process already. Close the other store first, or use that one.", cause);
    }

    private static FileLock locked(Path file, String what) throws IOException {
        FileChannel left = LEFT_OPEN.remove(file);
        FileChannel channel = left != null
                ? left
                : FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new PositionStoreException(
                        what + " are in use by another process" + holder(channel)
                                + ". Stop that one, or give this one its own directory.",
                        null);
            }
            ProcessHandle process = ProcessHandle.current();
            String self = "process " + process.pid()
                    + process.info()
                            .startInstant()
                            .map(start -> " since " + start)
                            .orElse("");
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(self.getBytes(StandardCharsets.US_ASCII)), 0);
            return lock;
        } catch (OverlappingFileLockException e) { // of a copy of this class that another class loader has loaded
            LEFT_OPEN.put(file, channel);
            throw heldHere(what, e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Empty if it has not yet said who it is. */
    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(LONGEST_HOLDER);
        int length = channel.read(text, 0);
        return length <= 0 ? "" : ": " + new String(text.array(), 0, length, StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        try {
            lock.acquiredBy().close();
        } finally {
            HELD.remove(file);
        }
    }
}
