// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

/** Which columns of an old row the server sends ({@code pg_class.relreplident}). */
public enum ReplicaIdentity {
    /** {@code d}: the primary key, if there is one. */
    DEFAULT,
    /** {@code n}: none. */
    NOTHING,
    /** {@code f}: all columns. */
    FULL,
    /** {@code i}: the columns of a chosen unique index. */
    INDEX
}
