// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/**
 * What a source does when its slot can't give the changes any more that are needed: it was dropped, invalidated or moved by
 * somebody else, or stands where the publication did not exist.
 */
public enum OnPositionLost {
    /** It ends with an error that says what was lost. */
    FAIL,
    /**
     * It makes the slot anew, and gives another bootstrap to the subscriptions that began with one. The others end with the
     * error; if all are others, the source does.
     */
    BOOTSTRAP
}
