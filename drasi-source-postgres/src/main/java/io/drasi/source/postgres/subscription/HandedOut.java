// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that were handed out since the source was started, as far as the server would send them again. Tells
 * whether a subscription can go on from a position. Not thread-safe.
 */
final class HandedOut {
    /** A subscriber that takes much and confirms nothing must not fill the memory with it. */
    private static final int MOST_ENTRIES = 100_000;

    private record Entry(Position position, long endLsn) {}

    private final Deque<Entry> repeatable = new ArrayDeque<>();
    private @Nullable Position last;
    private @Nullable Position lastForgotten;

    void add(Position position, long endLsn) {
        if (last == null || position.compareTo(last) > 0) {
            last = position;
            if (repeatable.size() == MOST_ENTRIES) {
                coarsen();
            }
            repeatable.add(new Entry(position, endLsn));
        }
    }

    /** Of two neighbours the last position is forgotten with the first: that rather refuses a position than loses changes. */
    private void coarsen() {
        List<Entry> all = List.copyOf(repeatable);
        repeatable.clear();
        for (int i = 0; i < all.size(); i += 2) {
            Entry later = all.get(Math.min(i + 1, all.size() - 1));
            repeatable.add(new Entry(later.position(), all.get(i).endLsn()));
        }
    }

    /** The server won't send again what ends before {@code lsn}. */
    void forget(Lsn lsn) {
        while (!repeatable.isEmpty() && Long.compareUnsigned(repeatable.peek().endLsn(), lsn.value()) <= 0) {
            lastForgotten = repeatable.remove().position();
        }
    }

    void clear() {
        repeatable.clear();
        last = null;
        lastForgotten = null;
    }

    /** The last one. */
    Optional<Position> last() {
        return Optional.ofNullable(last);
    }

    /** Whether something after {@code position} was handed out already. */
    boolean isBeyond(Position position) {
        return last != null && last.compareTo(position) > 0;
    }

    /** Whether all that was handed out after {@code position} can be had again. */
    boolean canRepeatAfter(Position position) {
        return lastForgotten == null || lastForgotten.compareTo(position) <= 0;
    }
}
