// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** How long tests with random histories run, and with which seeds: a build tries the same ones each time. */
final class RandomRuns {
    static final String MINUTES_PROPERTY = "drasi.random.minutes";

    private RandomRuns() {}

    /** For how long it was asked; empty in a build. */
    static Optional<Duration> minutes() {
        return Optional.ofNullable(Long.getLong(MINUTES_PROPERTY)).map(Duration::ofMinutes);
    }

    /** The oldest, one in the middle and the newest when it is run for long; in a build the newest. */
    static List<Integer> versions() {
        return minutes().isEmpty() ? List.of(18) : List.of(10, 14, 18);
    }

    /** New ones when it is run for long; a build finds only what the change that it tests has broken. */
    static LongSupplier seeds() {
        return minutes().isEmpty() ? new AtomicLong(1)::getAndIncrement : new SecureRandom()::nextLong;
    }
}
