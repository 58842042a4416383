// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.protocol.wire.Lsn;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * The prepared transactions whose end is not confirmed: what the server is told stays before the first of them, however much was
 * confirmed since. Otherwise a stream that begins again would bring the end of such a transaction, but not its content. One thread
 * adds, another asks.
 */
final class HeldPrepares {
    /** Where each has ended, by the LSN where it was prepared; invalid: it has not ended. */
    private final Map<Lsn, Lsn> ends = new HashMap<>();

    synchronized void prepared(Lsn prepareLsn) {
        ends.put(prepareLsn, Lsn.INVALID);
    }

    /** What it was is handed out; it is held until everything before {@code endLsn} is confirmed. */
    synchronized void ended(Lsn prepareLsn, Lsn endLsn) {
        ends.put(prepareLsn, endLsn);
    }

    /**
     * Up to where the server may be told.
     *
     * @param confirmed all of what was handed out before it is confirmed
     */
    synchronized Lsn below(Lsn confirmed) {
        Lsn least = confirmed;
        for (Iterator<Map.Entry<Lsn, Lsn>> all = ends.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<Lsn, Lsn> one = all.next();
            if (one.getValue().isValid() && !one.getValue().isAfter(confirmed)) {
                all.remove();
            } else {
                least = least.min(one.getKey());
            }
        }
        return least;
    }
}
