// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.SpoolException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.spool.Spool;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the messages of the stream together to transactions. Rows are turned into changes as they come, since a table's
 * shape can change in the middle of a transaction. One thread; a new stream needs a new assembler.
 */
public final class TransactionAssembler {
    private static final AssembledEvent.None NONE = new AssembledEvent.None();

    private final ChangeMapper mapper;
    private final TableShapes shapes;
    private final Catalog catalog;
    private final Spool spool;
    private final long maxMemory;
    private @Nullable OpenTransaction open;

    /**
     * @param catalog is asked when a relation is described, before its first row
     * @param spool takes what of a transaction does not fit in memory
     * @param maxMemory bytes that a transaction may take in memory, about
     */
    public TransactionAssembler(
            ChangeMapper mapper, TableShapes shapes, Catalog catalog, Spool spool, long maxMemory) {
        this.mapper = mapper;
        this.shapes = shapes;
        this.catalog = catalog;
        this.spool = spool;
        this.maxMemory = maxMemory;
    }

    /** Whether a transaction has begun and not ended. */
    public boolean inTransaction() {
        return open != null;
    }

    /**
     * Takes the next message.
     *
     * @param message may borrow its bytes: nothing of them is kept
     * @param bytes of it
     * @throws DecodingException if it does not fit to what came before, or a row can't be read
     * @throws SpoolException if it does not fit in memory, and can't be written to a file
     */
    public AssembledEvent accept(PgOutputMessage message, ByteSlice bytes) {
        if (message instanceof PgOutputMessage.Insert insert) {
            OpenTransaction transaction = transaction("Insert");
            transaction.insert(insert, shapes.shape(insert.relationOid()), bytes);
            return afterRow(transaction);
        } else if (message instanceof PgOutputMessage.Update update) {
            OpenTransaction transaction = transaction("Update");
            transaction.update(update, shapes.shape(update.relationOid()), bytes);
            return afterRow(transaction);
        } else if (message instanceof PgOutputMessage.Delete delete) {
            OpenTransaction transaction = transaction("Delete");
            transaction.delete(delete, shapes.shape(delete.relationOid()), bytes);
            return afterRow(transaction);
        } else if (message instanceof PgOutputMessage.Truncate truncate) {
            transaction("Truncate").truncate(truncate, shapes::shape, bytes);
        } else if (message instanceof PgOutputMessage.Begin begin) {
            begin(begin);
        } else if (message instanceof PgOutputMessage.Commit commit) {
            return commit(commit);
        } else if (message instanceof PgOutputMessage.Relation relation) {
            return relation(relation, transaction("Relation"));
        } else if (!isOfNoConcern(message)) {
            throw unexpected(message.getClass().getSimpleName(), "in a stream of protocol version 1");
        }
        return NONE;
    }

    /** The stream has ended: a transaction that is open comes again with the next. */
    public void abandon() {
        OpenTransaction left = open;
        if (left != null) {
            open = null;
            left.discard();
        }
    }

    /** Type, Origin and messages say nothing about rows; an abort is about a transaction that was never begun here. */
    private static boolean isOfNoConcern(PgOutputMessage message) {
        return message instanceof PgOutputMessage.Type
                || message instanceof PgOutputMessage.Origin
                || message instanceof PgOutputMessage.LogicalMessage
                || message instanceof PgOutputMessage.StreamAbort;
    }

    private void begin(PgOutputMessage.Begin begin) {
        if (open != null) {
            throw unexpected("Begin of transaction " + begin.xid(), "inside transaction " + open.xid());
        }
        open = new OpenTransaction(begin, mapper, shapes::current, spool, maxMemory);
    }

    private AssembledEvent commit(PgOutputMessage.Commit commit) {
        OpenTransaction done = transaction("Commit");
        if (!done.commitLsn().equals(commit.commitLsn())) {
            throw unexpected(
                    "Commit at " + commit.commitLsn(),
                    "for a transaction that was announced to commit at " + done.commitLsn());
        }
        CommittedTransaction committed = done.commit(commit.endLsn());
        open = null;
        return new AssembledEvent.Committed(committed);
    }

    private AssembledEvent relation(PgOutputMessage.Relation relation, OpenTransaction transaction) {
        TableShapes.Learned learned = shapes.define(relation, transaction.start(), catalog);
        transaction.reshape(relation.oid(), shapes.shape(relation.oid()));
        return new AssembledEvent.Schema(learned.description(), learned.changes());
    }

    private AssembledEvent afterRow(OpenTransaction transaction) {
        List<ShapeChange> changes = shapes.afterRow(transaction.start(), catalog);
        return changes.isEmpty() ? NONE : new AssembledEvent.Schema(Optional.empty(), changes);
    }

    private OpenTransaction transaction(String message) {
        OpenTransaction current = open;
        if (current == null) {
            throw unexpected(message, "outside a transaction");
        }
        return current;
    }

    private static DecodingException unexpected(String what, String where) {
        return new DecodingException("the server sent " + what + " " + where, null, null);
    }
}
