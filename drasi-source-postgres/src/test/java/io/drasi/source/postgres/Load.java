// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Await;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Sessions that change a database without pause, each on a thread of its own, until this is closed. */
abstract class Load implements AutoCloseable {
    private static final long PAUSE_NANOS = 2_000_000;

    private final String kind;
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong committed = new AtomicLong();
    private volatile boolean stopping;

    /** What one session does until {@link #stopping}. */
    @FunctionalInterface
    interface Session {
        void run() throws SQLException;
    }

    /** @param kind what one of them is called, for errors */
    Load(String kind) {
        this.kind = kind;
    }

    final void start(Session session) {
        Thread thread = new Thread(
                () -> {
                    try {
                        session.run();
                    } catch (SQLException | RuntimeException | Error e) {
                        failures.add(e);
                    }
                },
                kind + "-" + threads.size());
        threads.add(thread);
        thread.start();
    }

    final boolean stopping() {
        return stopping;
    }

    /** One of them has committed a transaction. In a build it leaves the others some of the processor then. */
    final void hasCommitted() {
        committed.incrementAndGet();
        if (RandomRuns.minutes().isEmpty()) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Transactions that have committed so far. */
    final long committed() {
        return committed.get();
    }

    /** Waits until that many more transactions have committed. */
    final void awaitProgress(long transactions) {
        long goal = committed.get() + transactions;
        Await.until("the " + kind + "s have gone on", () -> {
            requireNoFailure();
            return committed.get() >= goal;
        });
    }

    /** Ends the load and waits for that. */
    final void stop() {
        close();
        requireNoFailure();
    }

    private void requireNoFailure() {
        Throwable failure = failures.peek();
        if (failure != null) {
            throw new AssertionError("a " + kind + " failed", failure);
        }
    }

    @Override
    public final void close() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for a " + kind, e);
            }
        }
    }
}
