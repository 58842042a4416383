// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the parts of a snapshot on several connections at a time: on the calling thread and its connection, and on threads
 * with connections of their own. The first failure ends all of them, and is the one that is thrown.
 */
final class SnapshotReaders {
    /** Reads one part. */
    interface Reader {
        void read(TablePart part, PostgresConnection connection);
    }

    private final Queue<TablePart> parts;
    private final Supplier<PostgresConnection> opener;
    private final Reader reader;
    private final List<Thread> threads = new ArrayList<>();

    // All below are guarded by this.
    private final List<PostgresConnection> connections = new ArrayList<>();
    private @Nullable Throwable failure;
    private boolean ended;

    /**
     * @param opener opens a connection that sees the snapshot; an interrupt ends that
     * @param reader is used by all threads at once
     */
    SnapshotReaders(Collection<TablePart> parts, Supplier<PostgresConnection> opener, Reader reader) {
        this.parts = new ConcurrentLinkedQueue<>(parts);
        this.opener = opener;
        this.reader = reader;
    }

    /**
     * Reads all parts.
     *
     * @param own the calling thread's connection
     * @param connectionCount on how many, with the own one
     */
    void run(PostgresConnection own, int connectionCount) {
        for (int i = 1; i < connectionCount; i++) {
            Thread helper = new Thread(this::help, Thread.currentThread().getName() + "-reader-" + i);
            helper.setDaemon(true);
            threads.add(helper);
            helper.start();
        }
        try {
            readParts(own);
        } catch (RuntimeException | Error e) {
            fail(e);
            throw e;
        } finally {
            awaitHelpers();
        }
        Throwable cause = failure();
        if (cause instanceof RuntimeException runtime) {
            throw runtime;
        } else if (cause instanceof Error error) {
            throw error;
        }
    }

    /** Ends the reading of the helpers; the caller's own connection is the caller's affair. */
    void abort() {
        List<PostgresConnection> open;
        synchronized (this) {
            ended = true;
            open = List.copyOf(connections);
        }
        parts.clear();
        open.forEach(PostgresConnection::abort);
        List.copyOf(threads).forEach(Thread::interrupt); // one may be connecting
    }

    private void help() {
        try (PostgresConnection connection = opener.get()) {
            if (add(connection)) {
                readParts(connection);
                connection.query("COMMIT");
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private synchronized boolean add(PostgresConnection connection) {
        connections.add(connection);
        return !ended;
    }

    private void readParts(PostgresConnection connection) {
        for (TablePart part = parts.poll(); part != null; part = parts.poll()) {
            reader.read(part, connection);
        }
    }

    private void fail(Throwable cause) {
        boolean first;
        synchronized (this) {
            first = failure == null && !ended;
            if (first) {
                failure = cause;
            }
        }
        if (first) {
            abort();
        }
    }

    private synchronized @Nullable Throwable failure() {
        return failure;
    }

    private void awaitHelpers() {
        threads.forEach(ThreadEnd::await);
    }
}
