// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import java.time.Instant;

/**
 * A transaction that was prepared for a two-phase commit.
 *
 * @param gid unique only among those that are prepared at the same time
 * @param xid as that of its commit
 * @param prepareLsn where its prepare record begins: the server sends the transaction again to those who have confirmed no more
 * @param endLsn where that ends
 * @param timeMicros PostgreSQL microseconds
 */
public record PreparedTransaction(String gid, long xid, Lsn prepareLsn, Lsn endLsn, long timeMicros) {
    public Instant prepareTime() {
        return PgTimestamp.toInstant(timeMicros);
    }
}
