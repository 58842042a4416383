// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Delete;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Insert;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.LogicalMessage;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Origin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Relation;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamAbort;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Truncate;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Update;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.Arrays;
import java.util.List;

/**
 * Decodes the messages of pgoutput protocol version 1. One decoder belongs to one stream and is used by one thread.
 *
 * <p>The methods below read a message from after its type byte, and after the transaction id that later versions put there
 * inside a stream block: that id has one place, in {@link #decode}, so the messages of version 1 are the same code in every
 * version.
 */
public final class PgOutputDecoder {
    /** The newest protocol version that this decoder knows. */
    public static final int MAX_PROTOCOL_VERSION = 1;

    private static final int TRUNCATE_CASCADE = 1;
    private static final int TRUNCATE_RESTART_IDENTITY = 2;
    private static final int TRUNCATE_OPTIONS = TRUNCATE_CASCADE | TRUNCATE_RESTART_IDENTITY;
    /** The shortest column of a Relation: flags, an empty name, type and modifier. */
    private static final int MIN_COLUMN_BYTES = 10;

    private static final OldTuple NO_OLD_TUPLE = new OldTuple.None();

    /**
     * @param protocolVersion the {@code proto_version} that START_REPLICATION was given
     * @throws IllegalArgumentException if this decoder doesn't know it
     */
    public PgOutputDecoder(int protocolVersion) {
        if (protocolVersion < 1 || protocolVersion > MAX_PROTOCOL_VERSION) {
            throw new IllegalArgumentException(
                    "protocolVersion must be 1 to " + MAX_PROTOCOL_VERSION + ", was " + protocolVersion);
        }
    }

    /**
     * Decodes one message.
     *
     * @param cursor over the data of one XLogData, read to its end; what is borrowed in the result borrows its array
     * @throws ProtocolException if the bytes are not one whole message; the offset counts from the type byte
     */
    public PgOutputMessage decode(ByteCursor cursor) {
        int type = 0;
        try {
            type = cursor.readUnsignedByte();
            PgOutputMessage message = decodeBody(type, cursor);
            cursor.requireEnd("the message");
            return message;
        } catch (ProtocolException e) {
            throw e.within("pgoutput message " + describe(type));
        }
    }

    private static PgOutputMessage decodeBody(int type, ByteCursor cursor) {
        return switch (type) {
            case 'I' -> insert(cursor);
            case 'U' -> update(cursor);
            case 'D' -> delete(cursor);
            case 'B' -> begin(cursor);
            case 'C' -> commit(cursor);
            case 'R' -> relation(cursor);
            case 'Y' -> type(cursor);
            case 'T' -> truncate(cursor);
            case 'O' -> origin(cursor);
            case 'M' -> logicalMessage(cursor);
            case 'A' -> streamAbort(cursor);
            default -> throw cursor.failure("unknown message type", 1);
        };
    }

    private static String describe(int type) {
        return type > ' ' && type < 0x7F ? "'" + (char) type + "'" : "0x" + Integer.toHexString(type);
    }

    private static Insert insert(ByteCursor cursor) {
        long relationOid = cursor.readUnsignedInt32();
        requireNewTuple(cursor, cursor.readUnsignedByte());
        return new Insert(relationOid, TupleData.read(cursor));
    }

    private static Update update(ByteCursor cursor) {
        long relationOid = cursor.readUnsignedInt32();
        int marker = cursor.readUnsignedByte();
        OldTuple old = NO_OLD_TUPLE;
        if (marker == 'K' || marker == 'O') {
            old = oldTuple(cursor, marker);
            marker = cursor.readUnsignedByte();
        }
        requireNewTuple(cursor, marker);
        return new Update(relationOid, old, TupleData.read(cursor));
    }

    private static Delete delete(ByteCursor cursor) {
        long relationOid = cursor.readUnsignedInt32();
        return new Delete(relationOid, oldTuple(cursor, cursor.readUnsignedByte()));
    }

    private static OldTuple oldTuple(ByteCursor cursor, int marker) {
        return switch (marker) {
            case 'K' -> new OldTuple.Key(TupleData.read(cursor));
            case 'O' -> new OldTuple.Full(TupleData.read(cursor));
            default -> throw cursor.failure("expected an old tuple (K or O), found " + describe(marker), 1);
        };
    }

    private static void requireNewTuple(ByteCursor cursor, int marker) {
        if (marker != 'N') {
            throw cursor.failure("expected a new tuple (N), found " + describe(marker), 1);
        }
    }

    private static Begin begin(ByteCursor cursor) {
        Lsn commitLsn = cursor.readLsn();
        long commitTimeMicros = cursor.readInt64();
        return new Begin(commitLsn, commitTimeMicros, cursor.readUnsignedInt32());
    }

    private static Commit commit(ByteCursor cursor) {
        int flags = cursor.readUnsignedByte();
        if (flags != 0) {
            throw cursor.failure("unknown flags " + flags + " of a commit", 1);
        }
        Lsn commitLsn = cursor.readLsn();
        Lsn endLsn = cursor.readLsn();
        return new Commit(flags, commitLsn, endLsn, cursor.readInt64());
    }

    private static Origin origin(ByteCursor cursor) {
        Lsn originLsn = cursor.readLsn();
        return new Origin(originLsn, cursor.readCString());
    }

    private static Relation relation(ByteCursor cursor) {
        long oid = cursor.readUnsignedInt32();
        String namespace = namespace(cursor);
        String name = cursor.readCString();
        ReplicaIdentity identity = replicaIdentity(cursor);
        int size = cursor.readUnsignedInt16();
        if (size * MIN_COLUMN_BYTES > cursor.remaining()) {
            throw cursor.failure(
                    size + " columns don't fit into the " + cursor.remaining() + " bytes left", Short.BYTES);
        }
        RelationColumn[] columns = new RelationColumn[size];
        for (int i = 0; i < size; i++) {
            columns[i] = column(cursor);
        }
        return new Relation(oid, namespace, name, identity, List.of(columns));
    }

    private static RelationColumn column(ByteCursor cursor) {
        boolean key = cursor.readBoolean();
        String name = cursor.readCString();
        long typeOid = cursor.readUnsignedInt32();
        return new RelationColumn(key, name, typeOid, cursor.readInt32());
    }

    private static ReplicaIdentity replicaIdentity(ByteCursor cursor) {
        int identity = cursor.readUnsignedByte();
        return switch (identity) {
            case 'd' -> ReplicaIdentity.DEFAULT;
            case 'n' -> ReplicaIdentity.NOTHING;
            case 'f' -> ReplicaIdentity.FULL;
            case 'i' -> ReplicaIdentity.INDEX;
            default -> throw cursor.failure("unknown replica identity " + describe(identity), 1);
        };
    }

    private static PgOutputMessage.Type type(ByteCursor cursor) {
        long oid = cursor.readUnsignedInt32();
        String namespace = namespace(cursor);
        return new PgOutputMessage.Type(oid, namespace, cursor.readCString());
    }

    // The server saves the bytes of its most used schema.
    private static String namespace(ByteCursor cursor) {
        String namespace = cursor.readCString();
        return namespace.isEmpty() ? "pg_catalog" : namespace;
    }

    private static Truncate truncate(ByteCursor cursor) {
        // The options stand between the count and the oids.
        int count = cursor.readInt32();
        int options = cursor.readUnsignedByte();
        if ((options & ~TRUNCATE_OPTIONS) != 0) {
            throw cursor.failure("unknown options " + options + " of a truncate", 1);
        }
        if (count < 0 || (long) count * Integer.BYTES != cursor.remaining()) {
            throw cursor.failure(count + " relations don't fit the " + cursor.remaining() + " bytes left", 0);
        }
        Long[] relationOids = new Long[count];
        Arrays.setAll(relationOids, i -> cursor.readUnsignedInt32());
        return new Truncate(
                List.of(relationOids), (options & TRUNCATE_CASCADE) != 0, (options & TRUNCATE_RESTART_IDENTITY) != 0);
    }

    private static LogicalMessage logicalMessage(ByteCursor cursor) {
        boolean transactional = cursor.readBoolean();
        Lsn lsn = cursor.readLsn();
        String prefix = cursor.readCString();
        return new LogicalMessage(transactional, lsn, prefix, cursor.readSlice(cursor.readInt32()));
    }

    private static StreamAbort streamAbort(ByteCursor cursor) {
        long xid = cursor.readUnsignedInt32();
        return new StreamAbort(xid, cursor.readUnsignedInt32());
    }
}
