// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.frontend;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ByteWriter;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A message from a client to a server, protocol version 3.0. The bytes that a record is made of are borrowed, not copied:
 * they must not change before the message is encoded.
 */
public sealed interface FrontendMessage {
    /**
     * Appends the whole message, its type byte and length included.
     *
     * @throws IllegalArgumentException if a text in it contains the character U+0000
     */
    void encode(ByteWriter writer);

    /** Asks for TLS before anything else is sent; the server answers with a single byte, {@code S} or {@code N}. */
    record SslRequest() implements FrontendMessage {
        private static final int CODE = 80_877_103;

        @Override
        public void encode(ByteWriter writer) {
            int mark = writer.beginLength();
            writer.writeInt32(CODE);
            writer.endLength(mark);
        }
    }

    /**
     * The first message of a session.
     *
     * @param parameters by name, sent in the map's order: {@code user} (always needed), {@code database},
     *     {@code replication} and the run-time settings that the session begins with
     */
    record StartupMessage(Map<String, String> parameters) implements FrontendMessage {
        private static final int PROTOCOL_3_0 = 3 << Short.SIZE;

        /** @throws IllegalArgumentException if a name is empty, which would end the list early */
        public StartupMessage {
            if (parameters.containsKey("")) {
                throw new IllegalArgumentException("a startup parameter must have a name");
            }
            parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        }

        @Override
        public void encode(ByteWriter writer) {
            int mark = writer.beginLength();
            writer.writeInt32(PROTOCOL_3_0);
            parameters.forEach((name, value) -> {
                writer.writeCString(name);
                writer.writeCString(value);
            });
            writer.writeByte(0);
            writer.endLength(mark);
        }
    }

    /**
     * The answer to a request for a password.
     *
     * @param password as it goes over the wire, without the final zero byte
     */
    record PasswordMessage(ByteSlice password) implements FrontendMessage {
        public PasswordMessage(byte[] password) {
            this(ByteSlice.of(password));
        }

        /** @throws IllegalArgumentException if the password contains a zero byte, which would end it early */
        @Override
        public void encode(ByteWriter writer) {
            for (int i = 0; i < password.length(); i++) {
                if (password.get(i) == 0) {
                    throw new IllegalArgumentException("a password must not contain a zero byte");
                }
            }
            writer.writeByte('p');
            int mark = writer.beginLength();
            writer.writeBytes(password);
            writer.writeByte(0);
            writer.endLength(mark);
        }

        /** Without the password. */
        @Override
        public String toString() {
            return "PasswordMessage[***]";
        }
    }

    /**
     * Chooses a SASL mechanism and begins the exchange.
     *
     * @param response the mechanism's first message
     */
    record SaslInitialResponse(String mechanism, ByteSlice response) implements FrontendMessage {
        public SaslInitialResponse(String mechanism, byte[] response) {
            this(mechanism, ByteSlice.of(response));
        }

        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('p');
            int mark = writer.beginLength();
            writer.writeCString(mechanism);
            writer.writeInt32(response.length());
            writer.writeBytes(response);
            writer.endLength(mark);
        }

        /** Without the response. */
        @Override
        public String toString() {
            return "SaslInitialResponse[mechanism=" + mechanism + ", ***]";
        }
    }

    /** A further message of the SASL mechanism. */
    record SaslResponse(ByteSlice response) implements FrontendMessage {
        public SaslResponse(byte[] response) {
            this(ByteSlice.of(response));
        }

        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('p');
            int mark = writer.beginLength();
            writer.writeBytes(response);
            writer.endLength(mark);
        }

        /** Without the response. */
        @Override
        public String toString() {
            return "SaslResponse[***]";
        }
    }

    /**
     * A simple query.
     *
     * @param sql one statement or several, or a replication command
     */
    record Query(String sql) implements FrontendMessage {
        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('Q');
            int mark = writer.beginLength();
            writer.writeCString(sql);
            writer.endLength(mark);
        }
    }

    record CopyData(ByteSlice data) implements FrontendMessage {
        public CopyData(byte[] data) {
            this(ByteSlice.of(data));
        }

        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('d');
            int mark = writer.beginLength();
            writer.writeBytes(data);
            writer.endLength(mark);
        }
    }

    /**
     * Standby status update, {@code r}, in its CopyData.
     *
     * @param written up to where WAL was received, exclusive (PostgreSQL: last byte + 1)
     * @param flushed up to where it is confirmed: the server never sends it again
     * @param applied up to where it is applied
     * @param clockMicros the client's clock, PostgreSQL microseconds
     * @param replyRequested asks the server for a keepalive at once
     */
    record StandbyStatusUpdate(Lsn written, Lsn flushed, Lsn applied, long clockMicros, boolean replyRequested)
            implements FrontendMessage {
        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('d');
            int mark = writer.beginLength();
            writer.writeByte('r');
            writer.writeLsn(written);
            writer.writeLsn(flushed);
            writer.writeLsn(applied);
            writer.writeInt64(clockMicros);
            writer.writeByte(replyRequested ? 1 : 0);
            writer.endLength(mark);
        }
    }

    record CopyDone() implements FrontendMessage {
        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('c');
            writer.endLength(writer.beginLength());
        }
    }

    /** @param reason reported by the server in its error */
    record CopyFail(String reason) implements FrontendMessage {
        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('f');
            int mark = writer.beginLength();
            writer.writeCString(reason);
            writer.endLength(mark);
        }
    }

    /** The orderly end of a session. */
    record Terminate() implements FrontendMessage {
        @Override
        public void encode(ByteWriter writer) {
            writer.writeByte('X');
            writer.endLength(writer.beginLength());
        }
    }

    /**
     * Asks, over a connection of its own, to cancel what another session does.
     *
     * @param processId the session's, from BackendKeyData
     * @param secretKey the session's, from BackendKeyData; 4 bytes in protocol 3.0
     */
    record CancelRequest(int processId, ByteSlice secretKey) implements FrontendMessage {
        private static final int CODE = 80_877_102;

        public CancelRequest(int processId, byte[] secretKey) {
            this(processId, ByteSlice.of(secretKey));
        }

        @Override
        public void encode(ByteWriter writer) {
            int mark = writer.beginLength();
            writer.writeInt32(CODE);
            writer.writeInt32(processId);
            writer.writeBytes(secretKey);
            writer.endLength(mark);
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "CancelRequest[processId=" + processId + ", ***]";
        }
    }
}
