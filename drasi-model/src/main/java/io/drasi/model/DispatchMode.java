// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

/** How events reach the subscriptions of a source. */
public enum DispatchMode {
    /** A bounded queue per subscription; a full queue holds the stream back. */
    CHANNEL,
    /**
     * Nobody is held back by the stream of another; a subscription that lags more than the capacity ends with an error that
     * says how much it lost. A bootstrap waits for its subscribers in this mode too.
     */
    BROADCAST
}
