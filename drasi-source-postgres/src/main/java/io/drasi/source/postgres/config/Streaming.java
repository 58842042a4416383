// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/** Whether the server sends large transactions before they have ended. */
public enum Streaming {
    /** It keeps them on its own disk until they have, and sends them then. */
    OFF,
    /** From PostgreSQL 14 on, once they take more than its {@code logical_decoding_work_mem}; what is rolled back is sent too. */
    ON,
    /** As {@link #ON}, and from PostgreSQL 16 on the server also says where and when one was rolled back. */
    PARALLEL
}
