// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What a subscription has been sent and has confirmed. Tells up to where the server may forget its log as far as this
 * subscription is concerned. Not thread-safe: guarded by the subscription's lock.
 */
final class Confirmations {
    /** A subscriber that takes much and confirms nothing must not fill the memory with it. */
    private static final int MOST_OUTSTANDING = 100_000;

    /**
     * @param position confirming it confirms the whole transaction or bootstrap
     * @param endLsn what the server may then be told
     */
    private record Outstanding(Position position, long endLsn) {}

    private final Deque<Outstanding> outstanding = new ArrayDeque<>();
    private long confirmedLsn;

    /** @param startLsn the server's log is needed from here on */
    Confirmations(long startLsn) {
        this.confirmedLsn = startLsn;
    }

    void sent(Position position, long endLsn) {
        if (outstanding.size() == MOST_OUTSTANDING) {
            coarsen();
        }
        outstanding.add(new Outstanding(position, endLsn));
    }

    /** Of two neighbours only the later one counts: then the first is not told before the second is confirmed. */
    private void coarsen() {
        List<Outstanding> all = List.copyOf(outstanding);
        outstanding.clear();
        for (int i = 0; i < all.size(); i += 2) {
            outstanding.add(all.get(Math.min(i + 1, all.size() - 1)));
        }
    }

    /** Takes back what was sent but did not reach the subscriber; what is confirmed stays so. */
    void forgetSent() {
        outstanding.clear();
    }

    void confirm(Position position) {
        while (!outstanding.isEmpty() && outstanding.peek().position().compareTo(position) <= 0) {
            confirmedLsn = max(confirmedLsn, outstanding.remove().endLsn());
        }
        if (!outstanding.isEmpty() && outstanding.peek().position().commitLsn() == position.commitLsn()) {
            confirmedLsn =
                    max(confirmedLsn, position.commitLsn()); // confirmed in part: the server sends it again whole
        }
    }

    void startAt(long lsn) {
        confirmedLsn = max(confirmedLsn, lsn);
    }

    boolean complete() {
        return outstanding.isEmpty();
    }

    /** Everything that ends before this LSN (unsigned) is confirmed. */
    long confirmedLsn() {
        return confirmedLsn;
    }

    private static long max(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0 ? a : b;
    }
}
