// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.transport;

import java.time.Duration;

/**
 * A point in time until which an operation may take.
 *
 * @param nanoTime on the scale of {@link System#nanoTime()}; without meaning if not {@code bounded}
 * @param bounded false for a deadline that never passes
 */
public record Deadline(long nanoTime, boolean bounded) {
    private static final Deadline NEVER = new Deadline(0, false);
    private static final Duration LONGEST = Duration.ofDays(10_000);
    private static final long NANOS_PER_MILLI = 1_000_000L;

    public static Deadline never() {
        return NEVER;
    }

    public static Deadline after(Duration duration) {
        return new Deadline(System.nanoTime() + nanos(duration), true);
    }

    /** The duration in nanoseconds; one of many years is cut so that sums with it don't overflow. */
    public static long nanos(Duration duration) {
        return duration.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : duration.toNanos();
    }

    public boolean passed() {
        return bounded && System.nanoTime() - nanoTime >= 0;
    }

    /** Time left; zero or less if it has passed. */
    long remainingNanos() {
        return bounded ? nanoTime - System.nanoTime() : Long.MAX_VALUE;
    }

    /** Time left, rounded up, at least 1: what a selector can be given. */
    long selectMillis() {
        long nanos = Math.max(0, remainingNanos());
        return Math.max(1, (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
    }
}
