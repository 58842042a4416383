// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.PositionStore;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Positions in memory, as they outlive a source; saving can be held up, or fail, as long as a test wants. */
public final class GatedStore implements PositionStore {
    private enum Gate {
        OPEN,
        SHUT,
        BROKEN
    }

    private final Map<String, StoredPosition> positions = new HashMap<>();
    private final AtomicInteger attempts = new AtomicInteger();
    private Gate gate = Gate.OPEN;
    private boolean waiting;

    public synchronized void shut() {
        gate = Gate.SHUT;
    }

    public synchronized void breakDown() {
        gate = Gate.BROKEN;
    }

    public synchronized void open() {
        gate = Gate.OPEN;
        notifyAll();
    }

    /** Whether somebody waits at the gate that is shut. */
    public synchronized boolean waiting() {
        return waiting;
    }

    /** How often something was to be written. */
    int attempts() {
        return attempts.get();
    }

    /** What a copy of the store would have now. */
    public synchronized Map<String, StoredPosition> copy() {
        return Map.copyOf(positions);
    }

    synchronized void restore(Map<String, StoredPosition> copy) {
        positions.clear();
        positions.putAll(copy);
    }

    @Override
    public synchronized Optional<StoredPosition> load(String queryId) {
        return Optional.ofNullable(positions.get(queryId));
    }

    @Override
    public synchronized void save(Map<String, StoredPosition> changed) {
        pass();
        positions.putAll(changed);
    }

    @Override
    public synchronized void remove(String queryId) {
        if (positions.containsKey(queryId)) {
            pass();
            positions.remove(queryId);
        }
    }

    private synchronized void pass() {
        attempts.incrementAndGet();
        while (gate == Gate.SHUT) {
            waiting = true;
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        waiting = false;
        if (gate == Gate.BROKEN) {
            throw new PositionStoreException("can't save positions in memory: No space left on device", null);
        }
    }

    @Override
    public void close() {
        // nothing to release
    }
}
