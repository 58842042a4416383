// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import io.drasi.postgres.protocol.wire.ByteSlice;
import java.util.List;

/**
 * A message from a server to a client: those of start-up, simple queries and COPY. The messages of the extended query
 * protocol and of function calls are left out, since a client that never asks for them never gets them.
 *
 * <p>What is marked as borrowed is valid until the next message is read into the same buffer.
 */
public sealed interface BackendMessage permits Authentication, DataRow, BackendMessage.Plain {
    /** The messages that are plain records. */
    sealed interface Plain extends BackendMessage {}

    /**
     * What a CancelRequest needs.
     *
     * @param processId the server process's id
     * @param secretKey the receiver's own copy; 4 bytes in protocol 3.0, up to 256 from 3.2 on
     */
    record BackendKeyData(int processId, ByteSlice secretKey) implements Plain {
        /** Without the key. */
        @Override
        public String toString() {
            return "BackendKeyData[processId=" + processId + ", ***]";
        }
    }

    /** A setting's value at the start of the session, and again when it changes; comes at any time. */
    record ParameterStatus(String name, String value) implements Plain {}

    /**
     * The server does not speak the minor version, or does not know some options, of the startup message.
     *
     * @param protocolVersion the newest that the server supports, as the server sends it
     * @param unrecognizedOptions names beginning with {@code _pq_.}
     */
    record NegotiateProtocolVersion(int protocolVersion, List<String> unrecognizedOptions) implements Plain {
        public NegotiateProtocolVersion {
            unrecognizedOptions = List.copyOf(unrecognizedOptions);
        }
    }

    /** The server waits for the next query. */
    record ReadyForQuery(TransactionStatus status) implements Plain {}

    record ErrorResponse(ServerMessage message) implements Plain {}

    /** A warning or information; comes at any time. */
    record NoticeResponse(ServerMessage message) implements Plain {}

    /**
     * A NOTIFY on a channel that the session listens to; comes at any time.
     *
     * @param processId the notifying server process's id
     */
    record NotificationResponse(int processId, String channel, String payload) implements Plain {}

    /** The columns of the {@link DataRow}s that follow. */
    record RowDescription(List<Field> fields) implements Plain {
        public RowDescription {
            fields = List.copyOf(fields);
        }
    }

    /** @param tag the command and the count of rows, such as {@code SELECT 5} */
    record CommandComplete(String tag) implements Plain {}

    /** In the place of CommandComplete for an empty query. */
    record EmptyQueryResponse() implements Plain {}

    /** The server waits for CopyData. */
    record CopyInResponse(Format format, List<Format> columnFormats) implements Plain {
        public CopyInResponse {
            columnFormats = List.copyOf(columnFormats);
        }
    }

    /** The server will send CopyData. */
    record CopyOutResponse(Format format, List<Format> columnFormats) implements Plain {
        public CopyOutResponse {
            columnFormats = List.copyOf(columnFormats);
        }
    }

    /** Both sides send CopyData: the answer to START_REPLICATION. */
    record CopyBothResponse(Format format, List<Format> columnFormats) implements Plain {
        public CopyBothResponse {
            columnFormats = List.copyOf(columnFormats);
        }
    }

    /** @param data borrowed */
    record CopyData(ByteSlice data) implements Plain {}

    record CopyDone() implements Plain {}
}
