// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

import io.drasi.model.Position;
import java.util.Objects;
import java.util.Optional;

/**
 * An open subscription.
 *
 * @param waiting events that wait for the subscriber
 * @param capacity so many wait at most, in a bootstrap fewer
 * @param bootstrapRows rows of its last bootstrap that were put in
 * @param confirmed the last position that the subscriber confirmed, or resumed from
 */
public record SubscriptionMetrics(
        String queryId, Phase phase, int waiting, int capacity, long bootstrapRows, Optional<Position> confirmed) {
    /** How far it is. */
    public enum Phase {
        /** It waits for a bootstrap to begin. */
        WAITING,
        /** It is being given the rows that there are. */
        BOOTSTRAP,
        /** It has been given them, and is catching up with the stream of the others. */
        CATCHING_UP,
        STREAMING
    }

    public SubscriptionMetrics {
        Objects.requireNonNull(queryId, "queryId");
        Objects.requireNonNull(phase, "phase");
        Objects.requireNonNull(confirmed, "confirmed");
    }
}
