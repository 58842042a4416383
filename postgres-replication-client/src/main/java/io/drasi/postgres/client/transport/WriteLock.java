// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.transport;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Lets one thread at a time write; the others need not wait for it longer than they want to, for it may be stuck. */
public final class WriteLock {
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Takes the lock; the same thread may do so again.
     *
     * @throws SocketTimeoutException if the thread that has it keeps it until the deadline
     * @throws ClosedByInterruptException if this thread is interrupted while it waits, which it stays
     */
    public void lock(Deadline deadline) throws IOException {
        if (!tryLock(deadline)) {
            if (Thread.currentThread().isInterrupted()) {
                throw new ClosedByInterruptException();
            }
            throw new SocketTimeoutException("the peer takes no data from another thread");
        }
    }

    /** Takes the lock if that is possible until the deadline, and before an interrupt, which stays pending. */
    public boolean tryLock(Deadline deadline) {
        if (lock.tryLock()) {
            return true;
        }
        try {
            return lock.tryLock(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Takes the lock, however long another thread keeps it. */
    public void lock() {
        lock.lock();
    }

    /** Takes the lock if nobody else has it. */
    public boolean tryLock() {
        return lock.tryLock();
    }

    public void unlock() {
        lock.unlock();
    }
}
