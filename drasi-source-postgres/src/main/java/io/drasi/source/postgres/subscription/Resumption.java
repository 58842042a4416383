// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.StoredPosition;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Optional;

/**
 * Where a subscription goes on.
 *
 * @param position only what comes after it is delivered; empty: it begins anew
 * @param stored what the position store has of its query
 */
record Resumption(Optional<Position> position, Optional<StoredPosition> stored) {
    static final Resumption NOWHERE = new Resumption(Optional.empty(), Optional.empty());

    /** A position that the subscriber itself gives counts more than that of the store. */
    static Resumption of(SubscriptionSettings settings, Optional<StoredPosition> stored) {
        return new Resumption(settings.resumeFrom().or(() -> stored.map(StoredPosition::position)), stored);
    }

    /**
     * The slot must have everything that commits from there on; empty: not known. As only what is stored is told to the
     * server, the stored position says so; but not for who has kept less than that.
     */
    Optional<Lsn> needsFrom() {
        return stored.flatMap(there -> position.map(own -> new Lsn(
                own.compareTo(there.position()) < 0
                        ? own.commitLsn()
                        : there.position().commitLsn())));
    }

    /** Whether it goes on from a position that is not what is stored. */
    boolean isByItself() {
        return position.isPresent() && !position.equals(stored.map(StoredPosition::position));
    }

    /** Whether it goes on by a position of which only the subscriber knows whether it is one of the slot. */
    boolean isUnguarded() {
        return position.isPresent() && stored.isEmpty();
    }
}
