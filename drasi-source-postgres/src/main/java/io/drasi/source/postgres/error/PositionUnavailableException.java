// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The slot can't give the changes that are needed: it is gone, invalidated, or has moved past them. */
public final class PositionUnavailableException extends SourceException {
    private static final long serialVersionUID = 1;

    private final boolean slotLost;

    /** A single subscription's position, or one of another server. */
    public PositionUnavailableException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        this(message, remedy, false, cause);
    }

    private PositionUnavailableException(
            String message, @Nullable String remedy, boolean slotLost, @Nullable Throwable cause) {
        super(message, remedy, cause);
        this.slotLost = slotLost;
    }

    /** The source's slot can't go on: all of its subscriptions are concerned. */
    public static PositionUnavailableException ofSlot(
            String message, @Nullable String remedy, @Nullable Throwable cause) {
        return new PositionUnavailableException(message, remedy, true, cause);
    }

    /** Whether it is the source's slot that can't go on, so that a new one with new bootstraps could take its place. */
    public boolean slotLost() {
        return slotLost;
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
