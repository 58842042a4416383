// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.model.StatusChange;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A source's status and those who listen to it. Thread-safe. */
final class SourceStatus {
    private static final Logger LOG = LoggerFactory.getLogger(SourceStatus.class);

    private final String sourceId;
    private final List<Consumer<StatusChange>> listeners = new CopyOnWriteArrayList<>();
    private volatile StatusChange current;

    SourceStatus(String sourceId) {
        this.sourceId = sourceId;
        this.current = change(ComponentStatus.STOPPED, null, null);
    }

    StatusChange current() {
        return current;
    }

    Runnable listen(Consumer<StatusChange> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** A run begins; to be {@link #announce announced}. False if one is under way. */
    synchronized boolean begin() {
        if (current.status() != ComponentStatus.STOPPED && current.status() != ComponentStatus.ERROR) {
            return false;
        }
        current = change(ComponentStatus.STARTING, null, null);
        return true;
    }

    /** Tells the listeners what the status is. */
    void announce() {
        tell(current);
    }

    /** How the run goes; nothing if it is being stopped. */
    void progress(ComponentStatus status, @Nullable String message, @Nullable RuntimeException cause) {
        StatusChange change = change(status, message, cause);
        synchronized (this) {
            if (current.status() != ComponentStatus.STARTING && current.status() != ComponentStatus.RUNNING) {
                return;
            }
            current = change;
        }
        tell(change);
    }

    /** What there is to say of a source that runs; {@code null}: nothing any more. Nothing if it does not run. */
    void note(@Nullable String message) {
        StatusChange change = change(ComponentStatus.RUNNING, message, null);
        synchronized (this) {
            if (current.status() != ComponentStatus.RUNNING) {
                return;
            }
            current = change;
        }
        tell(change);
    }

    /** The run is being stopped. */
    void stopping() {
        progress(ComponentStatus.STOPPING, null, null);
    }

    /**
     * The run is over.
     *
     * @param end {@code STOPPED} or {@code ERROR}
     * @param before is done when the status says so, before a new run can {@link #begin} and before the listeners are told;
     *     it must not call this
     */
    void end(ComponentStatus end, @Nullable RuntimeException cause, Runnable before) {
        StatusChange change = change(end, cause == null ? null : cause.getMessage(), cause);
        synchronized (this) {
            current = change;
            before.run();
        }
        tell(change);
    }

    /** Listeners are told without any lock held: they may call the source. */
    private void tell(StatusChange change) {
        for (Consumer<StatusChange> listener : listeners) {
            try {
                listener.accept(change);
            } catch (RuntimeException e) {
                LOG.error("source '{}': a status listener failed on {}", sourceId, change.status(), e);
            }
        }
    }

    private StatusChange change(ComponentStatus status, @Nullable String message, @Nullable RuntimeException cause) {
        return new StatusChange(sourceId, status, Optional.ofNullable(message), Optional.ofNullable(cause));
    }
}
