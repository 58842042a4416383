// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Supplier;

/** Tells a source's thread to stop, whatever it waits for. Thread-safe. */
final class StopSignal {
    private final Set<Runnable> unblockers = new LinkedHashSet<>();
    private final Set<Thread> connecting = new HashSet<>();
    private boolean given;
    private boolean news;

    /** Thrown where the signal is met in the middle of something. */
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped() {
            super("the source stops", null, false, false);
        }
    }

    boolean given() {
        synchronized (this) {
            return given;
        }
    }

    /** Gives the signal; runs what ends the wait of the source's thread. */
    void give() {
        Set<Runnable> toRun;
        synchronized (this) {
            given = true;
            notifyAll();
            connecting.forEach(Thread::interrupt);
            toRun = new LinkedHashSet<>(unblockers);
        }
        toRun.forEach(Runnable::run);
    }

    /** Ends a wait in {@link #awaitNews}. */
    void news() {
        synchronized (this) {
            news = true;
            notifyAll();
        }
    }

    /**
     * Does {@code work}, which may wait for the server; {@code unblocker} ends that wait when the signal is given.
     *
     * @throws Stopped if it was given already
     */
    <T> T during(Supplier<T> work, Runnable unblocker) {
        synchronized (this) {
            throwIfGiven();
            unblockers.add(unblocker);
        }
        try {
            return work.get();
        } finally {
            synchronized (this) {
                unblockers.remove(unblocker);
            }
        }
    }

    /**
     * Does {@code work}, which waits for a connection; when the signal is given, this thread is interrupted.
     *
     * @throws Stopped if it was given already
     */
    <T> T whileConnecting(Supplier<T> work) {
        Thread thread = Thread.currentThread();
        synchronized (this) {
            throwIfGiven();
            connecting.add(thread);
        }
        try {
            return work.get();
        } finally {
            synchronized (this) {
                connecting.remove(thread);
                boolean unused = Thread.interrupted(); // none comes after that
            }
        }
    }

    void throwIfGiven() {
        if (given()) {
            throw new Stopped();
        }
    }

    /**
     * Waits for that long.
     *
     * @throws Stopped as soon as the signal is given
     */
    void pause(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        synchronized (this) {
            throwIfGiven();
            for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
                await(left / 1_000_000 + 1);
                throwIfGiven();
            }
        }
    }

    /**
     * Waits for {@link #news}.
     *
     * @throws Stopped as soon as the signal is given
     */
    void awaitNews() {
        synchronized (this) {
            throwIfGiven();
            while (!news) {
                await(0);
                throwIfGiven();
            }
            news = false;
        }
    }

    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private synchronized void await(long millis) {
        try {
            wait(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }
}
