// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

/** Where a source is in its life. */
public enum ComponentStatus {
    STOPPED,
    STARTING,
    RUNNING,
    STOPPING,
    /** Stopped by a failure that a retry can't mend; {@link StatusChange#cause} tells which. */
    ERROR
}
