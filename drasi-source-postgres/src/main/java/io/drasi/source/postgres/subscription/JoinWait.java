// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * How the shared stream waits for a moment before it hands out the next transaction, for those who catch up with it and are
 * near. All is done with the registry's monitor held, on which the stream waits.
 */
final class JoinWait {
    /** Those who catch up with the stream and have come that near, in bytes of the log, are waited for by it. */
    private static final long NEAR = 1 << 20;
    /** The others shall not notice it. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** After one that was in vain the stream goes on for so many times as long, however near they are. */
    private static final int GO_ON_FACTOR = 9;

    private final Object monitor;
    private final BooleanSupplier needless;

    /** Whether some who catch up with the stream are so near that it waits for them. */
    private boolean waitedFor;
    /** Before that the stream does not wait for them. */
    private long nextWait = System.nanoTime();

    /** @param needless whether the stream hands out nothing anyway */
    JoinWait(Object monitor, BooleanSupplier needless) {
        this.monitor = monitor;
        this.needless = needless;
    }

    /** Some could not join yet, as the stream is so many bytes ahead. */
    void isAhead(long bytes) {
        waitedFor = bytes < NEAR;
    }

    /** They have joined, or will not. */
    void stop() {
        waitedFor = false;
        monitor.notifyAll();
    }

    void awaitThoseNear() {
        long start = System.nanoTime();
        if (!waitedFor || start - nextWait < 0) {
            return;
        }
        long end = start + LONGEST_WAIT_NANOS;
        boolean interrupted = false;
        while (waitedFor && !needless.getAsBoolean() && System.nanoTime() - end < 0) {
            try {
                TimeUnit.NANOSECONDS.timedWait(monitor, end - System.nanoTime());
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (waitedFor) {
            waitedFor = false;
            long now = System.nanoTime();
            nextWait = now + GO_ON_FACTOR * (now - start);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
