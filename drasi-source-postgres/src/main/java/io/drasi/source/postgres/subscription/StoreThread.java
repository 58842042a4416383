// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.PositionStoreException;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that uses a position store while a source runs. Others who need the store have it do that, and do not wait for
 * ever: a store may hang. Thread-safe.
 */
final class StoreThread {
    private final Duration longestWait;
    private final LongSupplier regular;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    // All below are guarded by the lock.
    private final Deque<FutureTask<?>> requests = new ArrayDeque<>();
    private boolean woken;
    private boolean ending;
    private @Nullable Thread thread;

    /**
     * @param longestWait of those who need the store, and for the thread's end
     * @param regular is run by the thread when nobody waits for it; tells after how many nanoseconds to run it again, unless
     *     {@link #wake} comes before
     */
    StoreThread(Duration longestWait, LongSupplier regular) {
        this.longestWait = longestWait;
        this.regular = regular;
    }

    /** A run begins. One that has not come back from the store has no part in it. */
    void begin(String name) {
        Thread next = new Thread(this::run, name);
        next.setDaemon(true);
        lock.lock();
        try {
            ending = false;
            thread = next;
        } finally {
            lock.unlock();
        }
        next.start();
    }

    /** There is something new for what it does regularly. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Has the thread do it, before what it does regularly, and waits for that; while there is no thread, it is done here. The
     * caller holds no lock that the work needs.
     *
     * @throws PositionStoreException if the work does, or it takes too long; then it may still be done later
     */
    <T> T perform(Supplier<T> work) {
        FutureTask<T> task = new FutureTask<>(work::get);
        if (!request(task)) {
            task.run();
        }
        return result(task);
    }

    /** Whether the thread will do it. */
    private boolean request(FutureTask<?> task) {
        lock.lock();
        try {
            if (thread == null) {
                return false;
            }
            requests.add(task);
            news.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private <T> T result(FutureTask<T> task) {
        long end = System.nanoTime() + longestWait.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (TimeoutException e) {
            throw new PositionStoreException("the position store does not answer", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof PositionStoreException known
                    ? known
                    : new PositionStoreException("the position store failed: " + e.getCause(), e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the thread once it has done what others wait for. Returns whether it has ended. */
    boolean end() {
        Thread current;
        lock.lock();
        try {
            ending = true;
            current = thread;
            news.signal();
        } finally {
            lock.unlock();
        }
        return current == null || ThreadEnd.await(current, longestWait);
    }

    private void run() {
        boolean goOn = true;
        while (goOn) {
            FutureTask<?> request = takeRequest();
            if (request != null) {
                request.run();
            } else {
                goOn = await(regular.getAsLong());
            }
        }
    }

    private @Nullable FutureTask<?> takeRequest() {
        lock.lock();
        try {
            woken = false; // before looking: what comes while it looks is looked at again
            return isCurrent() ? requests.poll() : null;
        } finally {
            lock.unlock();
        }
    }

    private boolean isCurrent() {
        return thread == Thread.currentThread();
    }

    /** Waits that long, or until there is something to do; false at the end. */
    private boolean await(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (isCurrent() && requests.isEmpty() && !woken && !ending && left > 0) {
                left = news.awaitNanos(left);
            }
            if (isCurrent() && ending && requests.isEmpty()) {
                thread = null;
            }
            return isCurrent();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }
}
