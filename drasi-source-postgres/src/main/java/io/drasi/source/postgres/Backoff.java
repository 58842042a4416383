// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.time.Duration;

/** The time between attempts: doubles from 100 ms up to 5 s; a success brings it back. One thread. */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private Duration next = FIRST;
    private int attempt;

    /** Counts a failed attempt, and tells how long to wait before the next. */
    Duration failed() {
        attempt++;
        Duration wait = next;
        next = next.multipliedBy(2).compareTo(LONGEST) < 0 ? next.multipliedBy(2) : LONGEST;
        return wait;
    }

    /** Failed attempts since the last success. */
    int attempt() {
        return attempt;
    }

    void succeeded() {
        next = FIRST;
        attempt = 0;
    }
}
