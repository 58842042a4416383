// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that were handed out since the source was started, as far as the server would send them again. Tells
 * whether a subscription can go on from a position. Not thread-safe.
 */
final class HandedOut {
    /** A subscriber that takes much and confirms nothing must not fill the memory with it. */
    private static final int MOST_ENTRIES = 100_000;

    private record Entry(Position position, long endLsn, Set<String> labels) {}

    private final Deque<Entry> repeatable = new ArrayDeque<>();
    private final Map<String, Position> lastForgotten = new HashMap<>();
    private @Nullable Position last;

    void add(CommittedTransaction transaction) {
        if (last == null || transaction.position().compareTo(last) > 0) {
            last = transaction.position();
            if (repeatable.size() == MOST_ENTRIES) {
                coarsen();
            }
            repeatable.add(new Entry(transaction.position(), transaction.endLsn(), transaction.labels()));
        }
    }

    /** Of two neighbours the last position is forgotten with the first: that rather refuses a position than loses changes. */
    private void coarsen() {
        List<Entry> all = List.copyOf(repeatable);
        repeatable.clear();
        for (int i = 0; i < all.size(); i += 2) {
            Entry later = all.get(Math.min(i + 1, all.size() - 1));
            Set<String> labels = new HashSet<>(all.get(i).labels());
            labels.addAll(later.labels());
            repeatable.add(new Entry(later.position(), all.get(i).endLsn(), Set.copyOf(labels)));
        }
    }

    /** The server won't send again what ends before {@code lsn}. */
    void forget(Lsn lsn) {
        while (!repeatable.isEmpty() && Long.compareUnsigned(repeatable.peek().endLsn(), lsn.value()) <= 0) {
            Entry forgotten = repeatable.remove();
            forgotten.labels().forEach(label -> lastForgotten.put(label, forgotten.position()));
        }
    }

    void clear() {
        repeatable.clear();
        lastForgotten.clear();
        last = null;
    }

    /** The last one. */
    Optional<Position> last() {
        return Optional.ofNullable(last);
    }

    /** Whether something after {@code position} was handed out already. */
    boolean isBeyond(Position position) {
        return last != null && last.compareTo(position) > 0;
    }

    /** Whether all of the wanted labels that was handed out after {@code position} can be had again. */
    boolean canRepeatAfter(Position position, LabelFilter wanted) {
        return lastForgotten.entrySet().stream()
                .noneMatch(forgotten ->
                        wanted.takes(forgotten.getKey()) && forgotten.getValue().compareTo(position) > 0);
    }
}
