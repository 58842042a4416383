// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import io.drasi.postgres.protocol.backend.BackendMessage.BackendKeyData;
import io.drasi.postgres.protocol.backend.BackendMessage.CommandComplete;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyBothResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyData;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyDone;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyInResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyOutResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.EmptyQueryResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NegotiateProtocolVersion;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NotificationResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ParameterStatus;
import io.drasi.postgres.protocol.backend.BackendMessage.ReadyForQuery;
import io.drasi.postgres.protocol.backend.BackendMessage.RowDescription;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.ArrayList;
import java.util.List;

/** Decodes the bodies of backend messages. Without state, so any thread may use it. */
public final class BackendMessageDecoder {
    /** The shortest field of a RowDescription: an empty name and 18 bytes. */
    private static final int MIN_FIELD_BYTES = 19;

    private static final int MD5_SALT_BYTES = 4;

    private BackendMessageDecoder() {}

    /**
     * @param type the frame's type byte
     * @param body the frame's body, read to its end; what is borrowed in the result borrows its array
     * @throws ProtocolException if the type is unknown, or bytes are missing or left; the offset counts from the start of
     *     the body
     */
    public static BackendMessage decode(byte type, ByteCursor body) {
        try {
            BackendMessage message = decodeBody(type, body);
            body.requireEnd("the message");
            return message;
        } catch (ProtocolException e) {
            throw e.within("backend message " + describe(type));
        }
    }

    private static BackendMessage decodeBody(byte type, ByteCursor body) {
        return switch (type) {
            case 'd' -> new CopyData(body.readRest());
            case 'D' -> DataRow.read(body);
            case 'T' -> rowDescription(body);
            case 'C' -> new CommandComplete(body.readCString());
            case 'I' -> new EmptyQueryResponse();
            case 'Z' -> new ReadyForQuery(transactionStatus(body));
            case 'E' -> new ErrorResponse(ServerMessage.read(body));
            case 'N' -> new NoticeResponse(ServerMessage.read(body));
            case 'S' -> new ParameterStatus(body.readCString(), body.readCString());
            case 'A' -> new NotificationResponse(body.readInt32(), body.readCString(), body.readCString());
            case 'R' -> authentication(body);
            case 'K' -> new BackendKeyData(body.readInt32(), body.readRest().copy());
            case 'v' -> negotiateProtocolVersion(body);
            case 'G' -> new CopyInResponse(overallFormat(body), columnFormats(body));
            case 'H' -> new CopyOutResponse(overallFormat(body), columnFormats(body));
            case 'W' -> new CopyBothResponse(overallFormat(body), columnFormats(body));
            case 'c' -> new CopyDone();
            default -> throw body.failure("unknown message type", 0);
        };
    }

    private static String describe(byte type) {
        return type > ' ' ? "'" + (char) type + "'" : "0x" + Integer.toHexString(type & 0xFF);
    }

    private static Authentication authentication(ByteCursor body) {
        int code = body.readInt32();
        return switch (code) {
            case 0 -> new Authentication.Ok();
            case 2 -> new Authentication.KerberosV5();
            case 3 -> new Authentication.CleartextPassword();
            case 5 -> new Authentication.Md5Password(ByteSlice.of(body.readBytes(MD5_SALT_BYTES)));
            case 7 -> new Authentication.Gss();
            case 8 -> new Authentication.GssContinue(body.readRest().copy());
            case 9 -> new Authentication.Sspi();
            case 10 -> new Authentication.Sasl(saslMechanisms(body));
            case 11 -> new Authentication.SaslContinue(body.readRest().copy());
            case 12 -> new Authentication.SaslFinal(body.readRest().copy());
            default -> {
                body.skip(body.remaining());
                yield new Authentication.Unsupported(code);
            }
        };
    }

    private static List<String> saslMechanisms(ByteCursor body) {
        List<String> mechanisms = new ArrayList<>();
        String mechanism = body.readCString();
        while (!mechanism.isEmpty()) {
            mechanisms.add(mechanism);
            mechanism = body.readCString();
        }
        return mechanisms;
    }

    private static NegotiateProtocolVersion negotiateProtocolVersion(ByteCursor body) {
        int protocolVersion = body.readInt32();
        int count = body.readCount(1);
        List<String> options = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            options.add(body.readCString());
        }
        return new NegotiateProtocolVersion(protocolVersion, options);
    }

    private static TransactionStatus transactionStatus(ByteCursor body) {
        int status = body.readUnsignedByte();
        return switch (status) {
            case 'I' -> TransactionStatus.IDLE;
            case 'T' -> TransactionStatus.IN_TRANSACTION;
            case 'E' -> TransactionStatus.FAILED;
            default -> throw body.failure("unknown transaction status 0x" + Integer.toHexString(status), 1);
        };
    }

    private static RowDescription rowDescription(ByteCursor body) {
        int count = body.readUnsignedInt16();
        List<Field> fields = new ArrayList<>(Math.min(count, body.remaining() / MIN_FIELD_BYTES));
        for (int i = 0; i < count; i++) {
            fields.add(field(body));
        }
        return new RowDescription(fields);
    }

    private static Field field(ByteCursor body) {
        String name = body.readCString();
        long tableOid = body.readUnsignedInt32();
        int attributeNumber = body.readInt16();
        long typeOid = body.readUnsignedInt32();
        int typeSize = body.readInt16();
        int typeModifier = body.readInt32();
        Format format = columnFormat(body);
        return new Field(name, tableOid, attributeNumber, typeOid, typeSize, typeModifier, format);
    }

    private static Format overallFormat(ByteCursor body) {
        return body.readBoolean() ? Format.BINARY : Format.TEXT;
    }

    private static Format columnFormat(ByteCursor body) {
        int code = body.readUnsignedInt16();
        return switch (code) {
            case 0 -> Format.TEXT;
            case 1 -> Format.BINARY;
            default -> throw body.failure("unknown format code " + code, Short.BYTES);
        };
    }

    private static List<Format> columnFormats(ByteCursor body) {
        int count = body.readUnsignedInt16();
        List<Format> formats = new ArrayList<>(Math.min(count, body.remaining() / Short.BYTES));
        for (int i = 0; i < count; i++) {
            formats.add(columnFormat(body));
        }
        return formats;
    }
}
