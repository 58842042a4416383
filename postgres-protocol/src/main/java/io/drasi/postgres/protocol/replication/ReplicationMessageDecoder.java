// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.replication;

import io.drasi.postgres.protocol.replication.ReplicationMessage.PrimaryKeepalive;
import io.drasi.postgres.protocol.replication.ReplicationMessage.XLogData;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;

/** Decodes the messages of the streaming replication protocol. Without state, so any thread may use it. */
public final class ReplicationMessageDecoder {
    private ReplicationMessageDecoder() {}

    /**
     * @param copyDataBody the body of one CopyData message, read to its end; the data of an {@link XLogData} borrows its
     *     array
     * @throws ProtocolException if the bytes are not one whole message
     */
    public static ReplicationMessage decode(ByteCursor copyDataBody) {
        try {
            int type = copyDataBody.readUnsignedByte();
            return switch (type) {
                case 'w' -> xLogData(copyDataBody);
                case 'k' -> primaryKeepalive(copyDataBody);
                default -> throw copyDataBody.failure("unknown type byte 0x" + Integer.toHexString(type), 1);
            };
        } catch (ProtocolException e) {
            throw e.within("replication message");
        }
    }

    private static XLogData xLogData(ByteCursor cursor) {
        Lsn walStart = cursor.readLsn();
        Lsn walEnd = cursor.readLsn();
        long serverClockMicros = cursor.readInt64();
        return new XLogData(walStart, walEnd, serverClockMicros, cursor.readRest());
    }

    private static PrimaryKeepalive primaryKeepalive(ByteCursor cursor) {
        Lsn walEnd = cursor.readLsn();
        long serverClockMicros = cursor.readInt64();
        boolean replyRequested = cursor.readBoolean();
        cursor.requireEnd("the keepalive");
        return new PrimaryKeepalive(walEnd, serverClockMicros, replyRequested);
    }
}
