// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.replication.ReplicationMessage.PrimaryKeepalive;
import io.drasi.postgres.protocol.replication.ReplicationMessage.XLogData;

/** What one read of a replication stream yields. */
public sealed interface StreamMessage {
    /** @param xlogData borrowed: valid until the next read */
    record Data(XLogData xlogData) implements StreamMessage {}

    record Keepalive(PrimaryKeepalive keepalive) implements StreamMessage {}

    /** A warning or information of the server, or of its output plugin. */
    record Notice(ServerMessage message) implements StreamMessage {}

    /** Nothing came in time, or the reader was woken up. */
    record Idle() implements StreamMessage {}

    /**
     * The server ended the stream in order, as it does when it shuts down; so does every further read.
     *
     * @param reason what it said
     */
    record Ended(String reason) implements StreamMessage {}
}
