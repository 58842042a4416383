// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Objects;

/**
 * What a {@link PositionStore} keeps for a query.
 *
 * @param position everything up to it was confirmed, or is not for the query. It is at or after the last position that the
 *     query confirmed itself: what follows that one may be known to be empty
 * @param origin names the log that the position is a place of, e.g. a server and its replication slot; in another log the
 *     position means nothing. Not blank
 */
public record StoredPosition(Position position, String origin) {
    public StoredPosition {
        Objects.requireNonNull(position, "position");
        if (origin.isBlank()) {
            throw new IllegalArgumentException("origin must not be blank");
        }
    }
}
