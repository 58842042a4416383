// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Waiting for a condition, for tests that must not sleep. */
public final class Await {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);
    private static final long FIRST_PAUSE_NANOS = 500_000;
    private static final long LONGEST_PAUSE_NANOS = 20_000_000;

    private Await() {}

    /** What is waited for. What it throws ends the waiting. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** Gives a value once there is one. What it throws ends the waiting. */
    @FunctionalInterface
    public interface Attempt<T> {
        Optional<T> attempt() throws Exception;
    }

    /** Statements with assertions. */
    @FunctionalInterface
    public interface Assertions {
        void check() throws Exception;
    }

    /** {@link #until(String, Duration, Condition)} with 60 s. */
    public static void until(String what, Condition condition) {
        until(what, DEFAULT_TIMEOUT, condition);
    }

    /**
     * Evaluates {@code condition} in the calling thread until it holds.
     *
     * @param what the condition in words, e.g. {@code "the slot is active"}
     * @throws AssertionError if it doesn't hold in time, or if the condition throws
     */
    public static void until(String what, Duration timeout, Condition condition) {
        untilPresent(what, timeout, () -> condition.holds() ? Optional.of(true) : Optional.empty());
    }

    /** {@link #untilPresent(String, Duration, Attempt)} with 60 s. */
    public static <T> T untilPresent(String what, Attempt<T> attempt) {
        return untilPresent(what, DEFAULT_TIMEOUT, attempt);
    }

    /**
     * Repeats {@code attempt} in the calling thread until it gives a value.
     *
     * @throws AssertionError if there is none in time, or if the attempt throws
     */
    public static <T> T untilPresent(String what, Duration timeout, Attempt<T> attempt) {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE_NANOS;
        while (true) {
            Optional<T> value = once(what, attempt);
            if (value.isPresent()) {
                return value.get();
            }
            if (System.nanoTime() - start >= timeout.toNanos()) {
                throw new AssertionError("not within " + timeout + ": " + what);
            }
            pause = pause(what, pause);
        }
    }

    private static <T> Optional<T> once(String what, Attempt<T> attempt) {
        try {
            return attempt.attempt();
        } catch (Exception e) {
            throw new AssertionError("failed while waiting until " + what + ": " + e, e);
        }
    }

    /** {@link #untilAsserted(String, Duration, Assertions)} with 60 s. */
    public static void untilAsserted(String what, Assertions assertions) {
        untilAsserted(what, DEFAULT_TIMEOUT, assertions);
    }

    /**
     * Repeats {@code assertions} until they pass. Unlike {@link #until}, failures and exceptions on the way count as
     * "not yet", e.g. while a server restarts.
     *
     * @throws AssertionError with the last failure as its cause if they don't pass in time
     */
    public static void untilAsserted(String what, Duration timeout, Assertions assertions) {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE_NANOS;
        while (true) {
            try {
                assertions.check();
                return;
            } catch (AssertionError | Exception e) {
                if (System.nanoTime() - start >= timeout.toNanos()) {
                    throw new AssertionError("not within " + timeout + ": " + what + "; last: " + e.getMessage(), e);
                }
            }
            pause = pause(what, pause);
        }
    }

    private static long pause(String what, long nanos) {
        LockSupport.parkNanos(nanos);
        if (Thread.currentThread().isInterrupted()) {
            throw new AssertionError("interrupted while waiting until " + what);
        }
        return Math.min(2 * nanos, LONGEST_PAUSE_NANOS);
    }
}
