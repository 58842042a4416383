// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.Optional;

/**
 * What becomes of an event whose {@link EventHandler} threw: it is given again, or nothing more is. There is no third way,
 * so that none is skipped.
 */
@FunctionalInterface
public interface FailurePolicy {
    /**
     * Asked after each failure, by the handler's thread. Throwing ends the handling too.
     *
     * @param attempt how often the handler has failed with this event, from 1 on
     * @return how long to wait before the handler gets {@code event} again, or empty to end the handling with {@code thrown}
     */
    Optional<Duration> retryAfter(SourceEvent event, Throwable thrown, int attempt);

    /** The first failure ends the handling. */
    static FailurePolicy end() {
        return (event, thrown, attempt) -> Optional.empty();
    }

    /** {@link #retry(Duration, Duration)} with 100 ms and 5 s. */
    static FailurePolicy retry() {
        return retry(Duration.ofMillis(100), Duration.ofSeconds(5));
    }

    /**
     * Gives the event again until it is handled, however often that takes. An {@link Error} ends the handling.
     *
     * @param first the wait after the first failure; it doubles with each further one of the same event
     * @param longest the wait does not get longer than that
     * @throws IllegalArgumentException if {@code first} is not positive or longer than {@code longest}
     */
    static FailurePolicy retry(Duration first, Duration longest) {
        if (first.isZero() || first.isNegative() || first.compareTo(longest) > 0) {
            throw new IllegalArgumentException(
                    "the first wait must be positive and no longer than the longest, was " + first + " of " + longest);
        }
        return (event, thrown, attempt) ->
                thrown instanceof Error ? Optional.empty() : Optional.of(doubled(first, longest, attempt - 1));
    }

    private static Duration doubled(Duration first, Duration longest, int times) {
        Duration wait = first;
        for (int i = 0; i < times && wait.compareTo(longest) < 0; i++) {
            wait = wait.compareTo(longest.dividedBy(2)) > 0 ? longest : wait.multipliedBy(2);
        }
        return wait;
    }
}
