// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.List;

/**
 * A message of pgoutput. Oids and transaction ids are unsigned 32-bit numbers, 0 to 4,294,967,295. What is marked as
 * borrowed is valid until the next message is read into the same buffer.
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
     * @param originLsn of the commit on the origin server
     */
    record Origin(Lsn originLsn, String name) implements PgOutputMessage {}

    /**
     * A table's definition as of the changes that follow; comes before its first change in a connection and after each
     * alteration.
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
     * A streamed transaction or a part of it was rolled back. PostgreSQL 18 sends these in version 1 too, where nothing
     * was streamed: one for a transaction that the receiver doesn't know is to be ignored.
     *
     * @param xid of the top-level transaction
     * @param subXid of the subtransaction, or {@code xid} again if all of it was rolled back
     */
    record StreamAbort(long xid, long subXid) implements PgOutputMessage {}
}
