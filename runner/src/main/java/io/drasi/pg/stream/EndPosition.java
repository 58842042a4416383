// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.function.Supplier;

/**
 * Where a run ends: after the last transaction that committed at or before {@code lsn}.
 *
 * @param handedOver everything that committed before its answer is in the subscription's queue, or was taken from it
 */
public record EndPosition(Lsn lsn, Supplier<Lsn> handedOver) {
    /** Whether {@code event} lies beyond, and with it all that follow. */
    boolean passedBy(SourceEvent event) {
        return event instanceof SourceEvent.Transaction transaction
                && new Lsn(transaction.commitLsn()).compareTo(lsn) > 0;
    }

    /** Whether nothing more is to come, once the subscription's queue is empty. */
    boolean reached() {
        return handedOver.get().compareTo(lsn) >= 0;
    }
}
