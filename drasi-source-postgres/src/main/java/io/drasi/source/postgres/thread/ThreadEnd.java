// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.thread;

/** Waits for threads that are known to end soon, so that an interrupt does not leave them behind. */
public final class ThreadEnd {
    private ThreadEnd() {}

    /** Returns when the thread has ended. An interrupt of the caller is kept for later. */
    public static void await(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
