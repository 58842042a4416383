// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.replication;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;

/** What a walsender sends inside CopyData after START_REPLICATION. */
public sealed interface ReplicationMessage {
    /**
     * XLogData, {@code w}: with a logical slot one message of the output plugin.
     *
     * @param walStart where the data begins; for logical decoding the position of the change, neither unique nor ordered
     *     across transactions
     * @param walEnd for logical decoding the same as {@code walStart}; never a position to confirm
     * @param serverClockMicros the server's clock when it sent this, PostgreSQL microseconds
     * @param data borrowed: valid until the next message is read
     */
    record XLogData(Lsn walStart, Lsn walEnd, long serverClockMicros, ByteSlice data) implements ReplicationMessage {}

    /**
     * Primary keepalive, {@code k}.
     *
     * @param walEnd how far the server has sent or decoded the WAL
     * @param serverClockMicros the server's clock when it sent this, PostgreSQL microseconds
     * @param replyRequested the server will close the connection unless it gets a status update soon
     */
    record PrimaryKeepalive(Lsn walEnd, long serverClockMicros, boolean replyRequested) implements ReplicationMessage {}
}
