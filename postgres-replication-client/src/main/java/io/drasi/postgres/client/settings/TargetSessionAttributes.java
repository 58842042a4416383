// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import java.util.Locale;

/** Which servers will do, of several hosts: libpq's {@code target_session_attrs}. */
public enum TargetSessionAttributes {
    /** Every server. */
    ANY,
    /** One whose sessions may write: not a standby, and {@code default_transaction_read_only} is off. */
    READ_WRITE,
    /** One whose sessions may not write. */
    READ_ONLY,
    /** One that is not in hot standby. */
    PRIMARY,
    /** One that is in hot standby. */
    STANDBY,
    /** One that is in hot standby; if there is none, any. */
    PREFER_STANDBY;

    /** For example {@code read-write}. */
    public String libpqName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
