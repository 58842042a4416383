// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.BeginPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.CommitPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Delete;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Insert;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.LogicalMessage;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Origin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Prepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Relation;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.RollbackPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamAbort;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamCommit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStart;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStop;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Truncate;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Update;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Decodes the messages of pgoutput, protocol versions 1 to {@value #MAX_PROTOCOL_VERSION}: 2 added the streaming of
 * transactions in progress, 3 two-phase commit, 4 parallel streaming (PostgreSQL documentation, "Logical Streaming
 * Replication Protocol" and "Logical Replication Message Formats"). One decoder belongs to one stream and is used by one
 * thread.
 *
 * <p>It remembers whether it is inside a stream block, where messages have a transaction id in front, and rejects what
 * cannot come there, as PostgreSQL's own subscriber does. Whether a message fits to the transaction it stands in is not
 * its business.
 *
 * <p>The methods below read a message from after its type byte, and after the transaction id inside a stream block: that id
 * has one place, in {@link #decode}, so the messages of version 1 are the same code in every version.
 */
public final class PgOutputDecoder {
    /** The newest protocol version that this decoder knows. */
    public static final int MAX_PROTOCOL_VERSION = 4;

    private static final int STREAMING = 2;
    private static final int TWO_PHASE = 3;
    private static final int PARALLEL_STREAMING = 4;

    private static final int TRUNCATE_CASCADE = 1;
    private static final int TRUNCATE_RESTART_IDENTITY = 2;
    private static final int TRUNCATE_OPTIONS = TRUNCATE_CASCADE | TRUNCATE_RESTART_IDENTITY;
    /** The shortest column of a Relation: flags, an empty name, type and modifier. */
    private static final int MIN_COLUMN_BYTES = 10;

    private static final OldTuple NO_OLD_TUPLE = new OldTuple.None();

    private final int protocolVersion;
    private final boolean parallel;

    /** The transaction whose stream block is open; 0 outside of a block. */
    private long blockXid;

    /** In front of the message decoded last; 0 for none. */
    private long lastXid;

    /**
     * For a stream without {@code streaming 'parallel'}.
     *
     * @param protocolVersion the {@code proto_version} that START_REPLICATION was given
     * @throws IllegalArgumentException if this decoder doesn't know it
     */
    public PgOutputDecoder(int protocolVersion) {
        this(protocolVersion, false);
    }

    /**
     * @param protocolVersion the {@code proto_version} that START_REPLICATION was given
     * @param parallel whether it was given {@code streaming 'parallel'} too, which version 4 allows: no message shows it, but
     *     only then does a {@link StreamAbort} say where and when
     * @throws IllegalArgumentException if this decoder doesn't know the version, or the version has no parallel streaming
     */
    public PgOutputDecoder(int protocolVersion, boolean parallel) {
        if (protocolVersion < 1 || protocolVersion > MAX_PROTOCOL_VERSION) {
            throw new IllegalArgumentException(
                    "protocolVersion must be 1 to " + MAX_PROTOCOL_VERSION + ", was " + protocolVersion);
        }
        if (parallel && protocolVersion < PARALLEL_STREAMING) {
            throw new IllegalArgumentException("parallel streaming needs protocolVersion " + PARALLEL_STREAMING
                    + " or later, was " + protocolVersion);
        }
        this.protocolVersion = protocolVersion;
        this.parallel = parallel;
    }

    /**
     * For messages that were kept from the stream blocks of one transaction: as if its {@link StreamStart} had been decoded.
     *
     * @param xid of the top-level transaction; not 0
     */
    public static PgOutputDecoder ofBlock(long xid) {
        PgOutputDecoder decoder = new PgOutputDecoder(MAX_PROTOCOL_VERSION);
        decoder.blockXid = xid;
        return decoder;
    }

    /**
     * Decodes one message.
     *
     * @param cursor over the data of one XLogData, read to its end; what is borrowed in the result borrows its array
     * @throws ProtocolException if the bytes are not one whole message, or it cannot come here; the offset counts from the
     *     type byte
     */
    public PgOutputMessage decode(ByteCursor cursor) {
        int type = 0;
        try {
            type = cursor.readUnsignedByte();
            if (blockXid != 0) {
                lastXid = hasXidInBlock(type) ? transactionId(cursor) : 0;
            }
            PgOutputMessage message = decodeBody(type, cursor);
            cursor.requireEnd("the message");
            return message;
        } catch (ProtocolException e) {
            throw e.within("pgoutput message " + describe(type));
        }
    }

    /**
     * The transaction id in front of the message that was decoded last: inside a stream block that of the subtransaction
     * which the message is of, or of the top-level transaction itself. A later {@link StreamAbort} may take it back by this
     * id. A transaction that is not streamed has none in front of its messages, nor has an {@link Origin} in a block.
     *
     * @return 1 to 4,294,967,295, or 0 for none
     */
    public long xid() {
        return lastXid;
    }

    private static boolean hasXidInBlock(int type) {
        return switch (type) {
            case 'I', 'U', 'D', 'R', 'Y', 'T', 'M' -> true;
            default -> false;
        };
    }

    private PgOutputMessage decodeBody(int type, ByteCursor cursor) {
        return switch (type) {
            case 'I' -> insert(cursor);
            case 'U' -> update(cursor);
            case 'D' -> delete(cursor);
            case 'B' -> begin(outsideBlock(cursor));
            case 'C' -> commit(outsideBlock(cursor));
            case 'R' -> relation(cursor);
            case 'Y' -> type(cursor);
            case 'T' -> truncate(cursor);
            case 'O' -> origin(cursor);
            case 'M' -> logicalMessage(cursor);
            case 'A' -> streamAbort(outsideBlock(cursor));
            // Apart, so that what every row passes stays small enough for the compiler to inline.
            default -> decodeLaterBody(type, cursor);
        };
    }

    /** The messages that came after version 1. */
    private PgOutputMessage decodeLaterBody(int type, ByteCursor cursor) {
        return switch (type) {
            case 'S' -> streamStart(outsideBlock(since(STREAMING, cursor)));
            case 'E' -> streamStop(since(STREAMING, cursor));
            case 'c' -> streamCommit(outsideBlock(since(STREAMING, cursor)));
            case 'b' -> beginPrepare(outsideBlock(since(TWO_PHASE, cursor)));
            case 'P' -> prepare(outsideBlock(since(TWO_PHASE, cursor)));
            case 'K' -> commitPrepared(outsideBlock(since(TWO_PHASE, cursor)));
            case 'r' -> rollbackPrepared(outsideBlock(since(TWO_PHASE, cursor)));
            case 'p' -> streamPrepare(outsideBlock(since(TWO_PHASE, cursor)));
            default -> throw cursor.failure("unknown message type", 1);
        };
    }

    private ByteCursor since(int version, ByteCursor cursor) {
        if (protocolVersion < version) {
            throw cursor.failure(
                    "unknown message type in protocol version " + protocolVersion + ", it came with version " + version,
                    1);
        }
        return cursor;
    }

    private ByteCursor outsideBlock(ByteCursor cursor) {
        if (blockXid != 0) {
            throw cursor.failure(
                    "it can't come inside a stream block, and that of transaction " + blockXid + " is open", 1);
        }
        return cursor;
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
        int flags = noFlags(cursor, "a commit");
        Lsn commitLsn = cursor.readLsn();
        Lsn endLsn = cursor.readLsn();
        return new Commit(flags, commitLsn, endLsn, cursor.readInt64());
    }

    /** The byte of flags that PostgreSQL has not defined yet. */
    private static int noFlags(ByteCursor cursor, String what) {
        int flags = cursor.readUnsignedByte();
        if (flags != 0) {
            throw cursor.failure("unknown flags " + flags + " of " + what, 1);
        }
        return flags;
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

    private StreamStart streamStart(ByteCursor cursor) {
        long streamed = transactionId(cursor);
        StreamStart start = new StreamStart(streamed, cursor.readBoolean());
        cursor.requireEnd("the message"); // before the block is open
        blockXid = streamed;
        return start;
    }

    private StreamStop streamStop(ByteCursor cursor) {
        if (blockXid == 0) {
            throw cursor.failure("no stream block is open", 1);
        }
        cursor.requireEnd("the message");
        blockXid = 0;
        return new StreamStop();
    }

    private static StreamCommit streamCommit(ByteCursor cursor) {
        long xid = cursor.readUnsignedInt32();
        noFlags(cursor, "a stream commit");
        Lsn commitLsn = cursor.readLsn();
        Lsn endLsn = cursor.readLsn();
        return new StreamCommit(xid, commitLsn, endLsn, cursor.readInt64());
    }

    private StreamAbort streamAbort(ByteCursor cursor) {
        long xid = cursor.readUnsignedInt32();
        long subXid = cursor.readUnsignedInt32();
        if (!parallel) {
            return new StreamAbort(xid, subXid);
        }
        Lsn abortLsn = cursor.readLsn();
        return new StreamAbort(xid, subXid, Optional.of(new StreamAbort.AbortInfo(abortLsn, cursor.readInt64())));
    }

    private static BeginPrepare beginPrepare(ByteCursor cursor) {
        Lsn prepareLsn = givenLsn(cursor, "prepare LSN");
        Lsn endLsn = givenLsn(cursor, "end LSN");
        long prepareTimeMicros = cursor.readInt64();
        long xid = cursor.readUnsignedInt32();
        return new BeginPrepare(prepareLsn, endLsn, prepareTimeMicros, xid, cursor.readCString());
    }

    private static Prepare prepare(ByteCursor cursor) {
        noFlags(cursor, "a prepare");
        Lsn prepareLsn = givenLsn(cursor, "prepare LSN");
        Lsn endLsn = givenLsn(cursor, "end LSN");
        long prepareTimeMicros = cursor.readInt64();
        long xid = cursor.readUnsignedInt32();
        return new Prepare(prepareLsn, endLsn, prepareTimeMicros, xid, cursor.readCString());
    }

    private static CommitPrepared commitPrepared(ByteCursor cursor) {
        noFlags(cursor, "a commit prepared");
        Lsn commitLsn = givenLsn(cursor, "commit LSN");
        Lsn endLsn = givenLsn(cursor, "end LSN");
        long commitTimeMicros = cursor.readInt64();
        long xid = cursor.readUnsignedInt32();
        return new CommitPrepared(commitLsn, endLsn, commitTimeMicros, xid, cursor.readCString());
    }

    private static RollbackPrepared rollbackPrepared(ByteCursor cursor) {
        noFlags(cursor, "a rollback prepared");
        Lsn prepareEndLsn = givenLsn(cursor, "prepare end LSN");
        Lsn rollbackEndLsn = givenLsn(cursor, "rollback end LSN");
        long prepareTimeMicros = cursor.readInt64();
        long rollbackTimeMicros = cursor.readInt64();
        long xid = cursor.readUnsignedInt32();
        return new RollbackPrepared(
                prepareEndLsn, rollbackEndLsn, prepareTimeMicros, rollbackTimeMicros, xid, cursor.readCString());
    }

    private static StreamPrepare streamPrepare(ByteCursor cursor) {
        noFlags(cursor, "a stream prepare");
        Lsn prepareLsn = givenLsn(cursor, "prepare LSN");
        Lsn endLsn = givenLsn(cursor, "end LSN");
        long prepareTimeMicros = cursor.readInt64();
        long xid = cursor.readUnsignedInt32();
        return new StreamPrepare(prepareLsn, endLsn, prepareTimeMicros, xid, cursor.readCString());
    }

    private static long transactionId(ByteCursor cursor) {
        long xid = cursor.readUnsignedInt32();
        if (xid == 0) {
            throw cursor.failure("0 is no transaction id", Integer.BYTES);
        }
        return xid;
    }

    // Of prepared transactions PostgreSQL's own subscriber takes no other.
    private static Lsn givenLsn(ByteCursor cursor, String what) {
        Lsn lsn = cursor.readLsn();
        if (!lsn.isValid()) {
            throw cursor.failure("the " + what + " is not set", Long.BYTES);
        }
        return lsn;
    }
}
