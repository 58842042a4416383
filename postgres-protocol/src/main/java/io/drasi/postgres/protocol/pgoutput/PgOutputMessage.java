// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.List;
import java.util.Optional;

/**
 * A message of pgoutput (PostgreSQL documentation, "Logical Replication Message Formats"). Oids and transaction ids are
 * unsigned 32-bit numbers, 0 to 4,294,967,295. What is marked as borrowed is valid until the next message is read into the
 * same buffer. A message is one of protocol version 1 unless it says otherwise.
 *
 * <p>Inside a stream block, between {@link StreamStart} and {@link StreamStop}, a message is of a transaction that has not
 * ended yet, or of a subtransaction of it: {@link PgOutputDecoder#xid()} says of which.
 */
public sealed interface PgOutputMessage {
    /**
     * A transaction begins: its changes follow, then {@link Commit}.
     *
     * @param commitLsn where its commit record begins (PostgreSQL: "final LSN"); equal to the one of its {@link Commit}
     * @param commitTimeMicros PostgreSQL microseconds
     */
    record Begin(Lsn commitLsn, long commitTimeMicros, long xid) implements PgOutputMessage {}

    /**
     * @param flags always 0: PostgreSQL doesn't use them yet, and the decoder rejects others as PostgreSQL's own
     *     subscriber does
     * @param commitLsn where the commit record begins
     * @param endLsn where it ends: the position to confirm once the transaction is done with
     * @param commitTimeMicros PostgreSQL microseconds
     */
    record Commit(int flags, Lsn commitLsn, Lsn endLsn, long commitTimeMicros) implements PgOutputMessage {}

    /**
     * The transaction, or a part of it, was replicated to the server from elsewhere. There can be several in a
     * transaction.
     *
     * @param originLsn of the commit on the origin server; 0/0 inside a stream block, the first of its transaction: what is
     *     not committed yet has none
     */
    record Origin(Lsn originLsn, String name) implements PgOutputMessage {}

    /**
     * A table's definition as of the changes that follow; comes before its first change in a connection and after each
     * alteration. A streamed transaction has its own, before its first change of the table.
     *
     * @param namespace the schema; {@code pg_catalog} where the server sends an empty one
     * @param columns those that are published, in the order of the tuples
     */
    record Relation(long oid, String namespace, String name, ReplicaIdentity identity, List<RelationColumn> columns)
            implements PgOutputMessage {
        public Relation {
            columns = List.copyOf(columns);
        }
    }

    /**
     * The name of a type that is not built in; comes before a {@link Relation} that uses it.
     *
     * @param namespace the schema; {@code pg_catalog} where the server sends an empty one
     */
    record Type(long oid, String namespace, String name) implements PgOutputMessage {}

    /** @param newTuple borrowed */
    record Insert(long relationOid, TupleData newTuple) implements PgOutputMessage {}

    /**
     * @param old borrowed; {@link OldTuple.None} if the replica identity is not FULL and no column of it changed
     * @param newTuple borrowed
     */
    record Update(long relationOid, OldTuple old, TupleData newTuple) implements PgOutputMessage {}

    /** @param old borrowed; never {@link OldTuple.None} */
    record Delete(long relationOid, OldTuple old) implements PgOutputMessage {}

    /**
     * One TRUNCATE statement.
     *
     * @param cascade whether CASCADE was given; the tables it reached are in the list too
     * @param restartIdentity whether RESTART IDENTITY was given
     */
    record Truncate(List<Long> relationOids, boolean cascade, boolean restartIdentity) implements PgOutputMessage {
        public Truncate {
            relationOids = List.copyOf(relationOids);
        }
    }

    /**
     * What {@code pg_logical_emit_message} wrote. Sent only if the option {@code messages} is on (14 and later).
     *
     * @param transactional part of the transaction around it; otherwise it comes at once, also between transactions
     * @param content borrowed, any bytes
     */
    record LogicalMessage(boolean transactional, Lsn lsn, String prefix, ByteSlice content)
            implements PgOutputMessage {}

    /**
     * A block of a transaction begins that the server sends before the transaction has ended. Blocks of several transactions
     * and whole transactions follow one another, but none lies inside another. There may be nothing in it. From version 2 on,
     * if {@code streaming} is on.
     *
     * @param xid of the top-level transaction; never 0
     * @param firstSegment whether nothing of the transaction was sent before
     */
    record StreamStart(long xid, boolean firstSegment) implements PgOutputMessage {}

    /**
     * The block ends. The transaction goes on in another block, or ends with {@link StreamCommit}, {@link StreamAbort} or
     * {@link StreamPrepare}. From version 2 on.
     */
    record StreamStop() implements PgOutputMessage {}

    /**
     * A streamed transaction was committed: all that came in its blocks, but for what a {@link StreamAbort} has taken back.
     * From version 2 on.
     *
     * @param xid of the top-level transaction
     * @param commitLsn where the commit record begins
     * @param endLsn where it ends: the position to confirm once the transaction is done with
     * @param commitTimeMicros PostgreSQL microseconds
     */
    record StreamCommit(long xid, Lsn commitLsn, Lsn endLsn, long commitTimeMicros) implements PgOutputMessage {}

    /**
     * A streamed transaction or a part of it was rolled back; a ROLLBACK TO has one of these for each subtransaction that it
     * takes back, the innermost first. PostgreSQL 18 sends these in version 1 too, where nothing
     * was streamed: one for a transaction that the receiver doesn't know is to be ignored.
     *
     * @param xid of the top-level transaction
     * @param subXid of the subtransaction, or {@code xid} again if all of it was rolled back
     * @param info from version 4 on, if {@code streaming} is {@code parallel}; otherwise empty
     */
    record StreamAbort(long xid, long subXid, Optional<AbortInfo> info) implements PgOutputMessage {
        /**
         * @param abortLsn where the abort record ends
         * @param abortTimeMicros PostgreSQL microseconds
         */
        public record AbortInfo(Lsn abortLsn, long abortTimeMicros) {}

        /** As the server sends it without {@code streaming 'parallel'}. */
        public StreamAbort(long xid, long subXid) {
            this(xid, subXid, Optional.empty());
        }
    }

    /**
     * A transaction begins that was prepared for a two-phase commit: its changes follow, then {@link Prepare}. From version 3
     * on, if {@code two_phase} is on, as the others of a prepared transaction.
     *
     * @param prepareLsn where its prepare record begins; equal to the one of its {@link Prepare}
     * @param endLsn where that ends
     * @param prepareTimeMicros PostgreSQL microseconds
     * @param gid the name that PREPARE TRANSACTION gave it; unique only among those that are prepared at the same time
     */
    record BeginPrepare(Lsn prepareLsn, Lsn endLsn, long prepareTimeMicros, long xid, String gid)
            implements PgOutputMessage {}

    /**
     * The end of a prepared transaction's changes. {@link CommitPrepared} or {@link RollbackPrepared} follows, maybe much
     * later. From version 3 on.
     *
     * @param prepareLsn where the prepare record begins
     * @param endLsn where it ends: the position to confirm once the changes are kept
     * @param prepareTimeMicros PostgreSQL microseconds
     * @param gid as in its {@link BeginPrepare}
     */
    record Prepare(Lsn prepareLsn, Lsn endLsn, long prepareTimeMicros, long xid, String gid)
            implements PgOutputMessage {}

    /**
     * A prepared transaction was committed. From version 3 on.
     *
     * @param commitLsn where the record of COMMIT PREPARED begins
     * @param endLsn where it ends: the position to confirm once the transaction is done with
     * @param commitTimeMicros PostgreSQL microseconds
     * @param xid of the prepared transaction
     */
    record CommitPrepared(Lsn commitLsn, Lsn endLsn, long commitTimeMicros, long xid, String gid)
            implements PgOutputMessage {}

    /**
     * A prepared transaction was rolled back. From version 3 on.
     *
     * @param prepareEndLsn where the prepare record ends: tells apart transactions of the same {@code gid}
     * @param rollbackEndLsn where the record of ROLLBACK PREPARED ends: the position to confirm
     * @param prepareTimeMicros PostgreSQL microseconds
     * @param rollbackTimeMicros PostgreSQL microseconds
     * @param xid of the prepared transaction
     */
    record RollbackPrepared(
            Lsn prepareEndLsn,
            Lsn rollbackEndLsn,
            long prepareTimeMicros,
            long rollbackTimeMicros,
            long xid,
            String gid)
            implements PgOutputMessage {}

    /**
     * A streamed transaction was prepared for a two-phase commit: as {@link Prepare}, for what came in its blocks. From
     * version 3 on.
     *
     * @param prepareLsn where the prepare record begins
     * @param endLsn where it ends: the position to confirm once the changes are kept
     * @param prepareTimeMicros PostgreSQL microseconds
     * @param xid of the top-level transaction
     * @param gid the name that PREPARE TRANSACTION gave it
     */
    record StreamPrepare(Lsn prepareLsn, Lsn endLsn, long prepareTimeMicros, long xid, String gid)
            implements PgOutputMessage {}
}
