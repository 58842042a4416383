// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.transaction.PreparedTransaction;
import java.util.HashSet;
import java.util.Set;

/**
 * The prepared transactions that a subscription was told of and that have not ended. A stream that begins again brings them again.
 * Not thread-safe: guarded by the subscription's lock.
 */
final class ToldPrepared {
    private final Set<Lsn> open = new HashSet<>();
    /** All that were prepared before it were told. */
    private Lsn upTo = Lsn.INVALID;

    /** Whether it is to be told, and then is. */
    boolean tell(PreparedTransaction transaction) {
        if (!transaction.endLsn().isAfter(upTo)) {
            return false;
        }
        upTo = transaction.endLsn();
        return open.add(transaction.prepareLsn());
    }

    /** Whether its end is to be told, and then is. */
    boolean tellEnd(PreparedTransaction transaction) {
        return open.remove(transaction.prepareLsn());
    }

    /** The subscriber forgets what it has. */
    void clear() {
        open.clear();
        upTo = Lsn.INVALID;
    }
}
