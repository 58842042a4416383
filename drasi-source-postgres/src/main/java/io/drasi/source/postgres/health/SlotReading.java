// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the server said of a replication slot, in {@code pg_replication_slots}.
 *
 * @param readAt when, by the clock of this host
 * @param restartLsn the server keeps its log from here on; {@link Lsn#INVALID} if it keeps none
 * @param confirmedFlushLsn up to here everything is confirmed
 * @param retainedBytes how much log the server keeps for the slot
 * @param unconfirmedBytes how much it has written since what is confirmed
 * @param walStatus {@code reserved}, {@code extended}, {@code unreserved} or {@code lost}; empty before PostgreSQL 13
 * @param safeWalSize how many bytes the server may write before the slot is in danger to be lost, negative if it is; empty
 *     before PostgreSQL 13, and where {@code max_slot_wal_keep_size} sets no limit
 */
public record SlotReading(
        Instant readAt,
        Lsn restartLsn,
        Lsn confirmedFlushLsn,
        long retainedBytes,
        long unconfirmedBytes,
        Optional<String> walStatus,
        OptionalLong safeWalSize) {
    public SlotReading {
        Objects.requireNonNull(readAt, "readAt");
        Objects.requireNonNull(restartLsn, "restartLsn");
        Objects.requireNonNull(confirmedFlushLsn, "confirmedFlushLsn");
        Objects.requireNonNull(walStatus, "walStatus");
        Objects.requireNonNull(safeWalSize, "safeWalSize");
    }
}
