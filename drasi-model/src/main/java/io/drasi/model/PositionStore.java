// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Map;
import java.util.Optional;

/**
 * Keeps the positions of a source's queries over the end of the process, each by its query id. A source that is given one
 * saves there what its subscriptions have confirmed, tells its server no more than what is saved, and lets a query that
 * subscribes again go on from its position.
 *
 * <p>One store is for one source. Thread-safe. What {@link #save} and {@link #remove} have done when they return outlives
 * the process and the machine's power. The source does not close the store: close it after the source.
 */
public interface PositionStore extends AutoCloseable {
    /**
     * The position of that query; empty if it has none.
     *
     * @throws PositionStoreException if the store can't be read, or is closed
     */
    Optional<StoredPosition> load(String queryId);

    /**
     * Replaces the positions of these queries; those of others stay. All of it or nothing is saved.
     *
     * @param positions by query id
     * @throws PositionStoreException if they can't be saved, or the store is closed
     */
    void save(Map<String, StoredPosition> positions);

    /**
     * Forgets the position of that query, if there is one: when it subscribes, it begins as if for the first time.
     *
     * @throws PositionStoreException if that can't be saved, or the store is closed
     */
    void remove(String queryId);

    /** @throws PositionStoreException if something that the store holds can't be released */
    @Override
    void close();
}
