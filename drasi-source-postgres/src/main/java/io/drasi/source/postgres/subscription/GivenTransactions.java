// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The transactions with a part in a file that a subscriber has taken and not confirmed: it may walk along them at any time. Not
 * thread-safe: guarded by the subscription's lock.
 */
final class GivenTransactions {
    private final Deque<CommittedTransaction> given = new ArrayDeque<>();

    /** @param event is held by the queue that it comes from */
    void add(SourceEvent event) {
        if (event instanceof CommittedTransaction transaction && transaction.inFile()) {
            given.add(transaction);
        }
    }

    /** Everything up to there is confirmed. Returns what is to be released, without the lock: to delete a file takes time. */
    List<CommittedTransaction> confirm(Position position) {
        if (given.isEmpty()) {
            return List.of();
        }
        List<CommittedTransaction> confirmed = new ArrayList<>();
        while (!given.isEmpty() && given.peek().lastChange().compareTo(position) <= 0) {
            confirmed.add(given.remove());
        }
        return confirmed;
    }

    /** The subscriber has gone. Returns what is to be released. */
    List<CommittedTransaction> clear() {
        List<CommittedTransaction> all = List.copyOf(given);
        given.clear();
        return all;
    }
}
