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
 * @param lost why the server can't serve it any more, if so
 */
public record SlotState(
        Optional<String> plugin,
        Optional<String> database,
        Optional<Long> activePid,
        Optional<Lsn> confirmedFlush,
        Optional<String> lost) {}
