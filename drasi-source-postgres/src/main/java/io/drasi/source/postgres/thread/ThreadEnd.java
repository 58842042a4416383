// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.thread;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits for threads that are known to end soon, so that an interrupt does not leave them behind. */
public final class ThreadEnd {
    private ThreadEnd() {}

    /** Returns when the thread has ended. An interrupt of the caller is kept for later. */
    public static void await(Thread thread) {
        boolean unused = await(thread, Duration.ofNanos(Long.MAX_VALUE));
    }

    /**
     * Returns when the thread has ended, or that time is over. An interrupt of the caller is kept for later.
     *
     * @return whether it has ended
     */
    public static boolean await(Thread thread, Duration longest) {
        long begun = System.nanoTime();
        boolean interrupted = false;
        long left = longest.toNanos();
        while (thread.isAlive() && left > 0) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            left = longest.toNanos() - (System.nanoTime() - begun);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }
}
