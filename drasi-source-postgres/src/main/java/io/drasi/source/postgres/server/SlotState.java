// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Optional;

/**
 * A replication slot as {@code pg_replication_slots} shows it.
 *
 * @param plugin the output plugin; empty for a physical slot
 * @param database empty for a physical slot
 * @param activePid the process that reads from it now
 * @param confirmedFlush up to where its consumer has confirmed
 * @param failover whether standbys keep it up
 * @param synced whether it is such a copy on a standby, which can't be used before that is promoted
 * @param lost why the server can't serve it any more, if so
 */
public record SlotState(
        Optional<String> plugin,
        Optional<String> database,
        Optional<Long> activePid,
        Optional<Lsn> confirmedFlush,
        boolean failover,
        boolean synced,
        Optional<String> lost) {}
