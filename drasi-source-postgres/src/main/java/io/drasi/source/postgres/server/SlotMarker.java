// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

/**
 * Stands beside the slot while a bootstrap is owed. It is an unreserved physical slot: it holds no log back, and survives
 * a crash of this process and of the server.
 */
public enum SlotMarker {
    /** The slot was made for a bootstrap that has not ended: nobody needs what it holds. */
    FIRST("_bootstrapping"),
    /** A bootstrap beside a slot that others may go on from has not ended. */
    LATER("_rebootstrapping"),
    /**
     * The slot does not keep what is owed to a subscription whose bootstrap was given up, so that a position that it has may
     * be of no use.
     */
    GIVEN_UP("_given_up");

    private final String suffix;

    SlotMarker(String suffix) {
        this.suffix = suffix;
    }

    String suffix() {
        return suffix;
    }
}
