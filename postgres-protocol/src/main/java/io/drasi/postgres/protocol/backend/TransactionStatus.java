// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

/** Where the session stands when the server is ready for a query. */
public enum TransactionStatus {
    /** {@code I}: not in a transaction block. */
    IDLE,
    /** {@code T}: in a transaction block. */
    IN_TRANSACTION,
    /** {@code E}: in a transaction block that failed; everything but its end is rejected. */
    FAILED
}
