// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.meter;

import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Measures by how long the source is behind the server: remembers when the server's log ended where, until that place is
 * reached. So neither a clock of the server matters, nor that nothing commits for hours. Thread-safe.
 */
final class LagMeter {
    private static final int MOST_MARKS = 1_000;

    private record Mark(long nanos, Lsn logEnd) {}

    private final LongSupplier nanoTime;
    private final Deque<Mark> ahead = new ArrayDeque<>();

    /** @param nanoTime as that of {@link System} */
    LagMeter(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** The server's log ends there now. */
    synchronized void mark(Lsn logEnd) {
        if (ahead.size() == MOST_MARKS) {
            thin();
        }
        ahead.add(new Mark(nanoTime.getAsLong(), logEnd));
    }

    private void thin() {
        List<Mark> all = List.copyOf(ahead);
        ahead.clear();
        for (int i = 0; i < all.size(); i += 2) {
            ahead.add(all.get(i));
        }
    }

    /** How long ago the log first ended beyond what is reached now; zero if it did not as far as that is known. */
    synchronized Duration behind(Lsn reached) {
        while (!ahead.isEmpty() && !ahead.peek().logEnd().isAfter(reached)) {
            ahead.remove();
        }
        return ahead.isEmpty()
                ? Duration.ZERO
                : Duration.ofNanos(nanoTime.getAsLong() - ahead.peek().nanos());
    }

    /** Another log is read from now on, or none. */
    synchronized void forget() {
        ahead.clear();
    }
}
