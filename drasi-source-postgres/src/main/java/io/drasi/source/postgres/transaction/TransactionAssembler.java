// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SpoolException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.spool.Spool;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Puts the messages of the stream together to transactions. Rows are turned into changes as they come, since a table's
 * shape can change in the middle of a transaction; those of a transaction that the server sends before it has ended, or
 * when it is prepared, when it is committed, so that all that is known of tables is known in the order of the commits. One thread; a new stream needs a new
 * assembler.
 */
public final class TransactionAssembler {
    private static final int MESSAGES_AT_ONCE = 1000;

    private final ChangeMapper mapper;
    private final TableShapes shapes;
    private final Catalog catalog;
    private final Spool spool;
    private final long maxMemory;
    private final StreamedTransactions streamed;
    /** The descriptions of committed transactions that came last, by OID, with their place in the stream. */
    private final Map<Long, Described> described = new HashMap<>();

    /**
     * Descriptions that came in prepared transactions, by OID and place. The server does not repeat them for others; but if the
     * transaction itself has altered the table, they are not true before it is committed, and nobody else changes the table.
     */
    private final Map<Long, TreeMap<Long, PgOutputMessage.Relation>> deferred = new HashMap<>();

    private long place;
    /** What was described later in a prepared transaction is not true for the rows that are taken. */
    private long deferredBefore = Long.MAX_VALUE;
    /** Where the prepared transaction began that is coming. */
    private long prepareBegan;

    private @Nullable OpenTransaction open;
    /** The one whose messages are read again, as it was committed. */
    private @Nullable StreamedTransaction committing;

    private record Described(long place, PgOutputMessage.Relation relation) {}

    /**
     * @param catalog is asked when a relation is described, before its first row
     * @param spool takes what of transactions does not fit in memory
     * @param maxMemory bytes that the messages of all transactions that have not ended may take in memory, about; the changes
     *     of one half of it, so that others may wait in a queue with it
     */
    public TransactionAssembler(
            ChangeMapper mapper, TableShapes shapes, Catalog catalog, Spool spool, long maxMemory) {
        this.mapper = mapper;
        this.shapes = shapes;
        this.catalog = catalog;
        this.spool = spool;
        this.maxMemory = maxMemory;
        this.streamed = new StreamedTransactions(spool, maxMemory);
    }

    /** Whether more of a transaction or a block has to come before anything else can. */
    public boolean inTransaction() {
        return open != null || streamed.inBlock();
    }

    /**
     * Takes the next message.
     *
     * @param message may borrow its bytes: nothing of them is kept
     * @param xid in front of it, inside a block: that of the subtransaction
     * @param bytes of it
     * @param meanwhile is run now and then where that takes long; what it throws ends it
     * @param sink takes what comes out, in order, before anything more is taken
     * @throws DecodingException if it does not fit to what came before, or a row can't be read
     * @throws SpoolException if it does not fit in memory, and can't be written to a file
     * @throws PositionUnavailableException if a prepared transaction is committed whose changes the server does not send any more
     */
    public void accept(
            PgOutputMessage message,
            long xid,
            ByteSlice bytes,
            Runnable meanwhile,
            Consumer<AssembledEvent> sink) {
        place++;
        if (streamed.inBlock()) {
            inBlock(message, xid, bytes, sink);
        } else if (message instanceof PgOutputMessage.Begin begin) {
            requireNone("Begin of transaction " + begin.xid());
            open = begin(begin, context -> SpooledChanges.inOwnFile(context, begin.xid(), 0));
        } else if (message instanceof PgOutputMessage.Commit commit) {
            sink.accept(commit(commit));
        } else if (message instanceof PgOutputMessage.StreamStart start) {
            requireNone("a block of transaction " + start.xid());
            streamed.start(start);
        } else if (message instanceof PgOutputMessage.StreamCommit commit) {
            requireNone("the end of transaction " + commit.xid());
            commit(commit, meanwhile, sink);
        } else if (message instanceof PgOutputMessage.StreamAbort abort) {
            streamed.abort(abort);
        } else if (!prepared(message, meanwhile, sink)) {
            change(message, place, bytes, sink);
        }
    }

    /** Takes a message about a prepared transaction, outside of it; false: it is none. */
    private boolean prepared(PgOutputMessage message, Runnable meanwhile, Consumer<AssembledEvent> sink) {
        if (message instanceof PgOutputMessage.BeginPrepare begin) {
            requireNone("the begin of prepared transaction " + begin.xid());
            streamed.begin(begin);
            prepareBegan = place;
        } else if (message instanceof PgOutputMessage.StreamPrepare end) {
            requireNone("the end of prepared transaction " + end.xid());
            prepared(
                    new PreparedTransaction(
                            end.gid(), end.xid(), end.prepareLsn(), end.endLsn(), end.prepareTimeMicros()),
                    0,
                    sink);
        } else if (message instanceof PgOutputMessage.CommitPrepared commit) {
            requireNone("the commit of prepared transaction " + commit.xid());
            commit(commit, meanwhile, sink);
        } else if (message instanceof PgOutputMessage.RollbackPrepared rollback) {
            requireNone("the rollback of prepared transaction " + rollback.xid());
            streamed.takePrepared(rollback.xid(), rollback.gid()).ifPresent(kept -> {
                kept.messages().release();
                sink.accept(new AssembledEvent.PreparedEnded(
                        kept.transaction(),
                        rollback.rollbackEndLsn(),
                        PgTimestamp.toInstant(rollback.rollbackTimeMicros()),
                        false));
            });
        } else {
            return false;
        }
        return true;
    }

    private void prepared(PreparedTransaction transaction, long beginPlace, Consumer<AssembledEvent> sink) {
        streamed.prepare(transaction, beginPlace);
        sink.accept(new AssembledEvent.Prepared(transaction));
    }

    private void inBlock(
            PgOutputMessage message, long xid, ByteSlice bytes, Consumer<AssembledEvent> sink) {
        if (message instanceof PgOutputMessage.StreamStop) {
            streamed.stop();
        } else if (message instanceof PgOutputMessage.Prepare end) {
            prepared(
                    new PreparedTransaction(
                            end.gid(), end.xid(), end.prepareLsn(), end.endLsn(), end.prepareTimeMicros()),
                    prepareBegan,
                    sink);
        } else {
            if (message instanceof PgOutputMessage.Relation relation && streamed.inPrepare()) {
                deferred.computeIfAbsent(relation.oid(), oid -> new TreeMap<>()).put(place, relation);
            }
            streamed.add(xid, bytes);
            if (message instanceof PgOutputMessage.Relation relation) {
                streamed.describes(relation.oid(), place, xid);
            }
        }
    }

    /** @param at the place in the stream */
    private void change(PgOutputMessage message, long at, ByteSlice bytes, Consumer<AssembledEvent> sink) {
        if (message instanceof PgOutputMessage.Insert insert) {
            OpenTransaction transaction = transaction("Insert");
            describeDeferred(insert.relationOid(), transaction, sink);
            transaction.insert(insert, shapes.shape(insert.relationOid()), bytes);
            afterRow(transaction, sink);
        } else if (message instanceof PgOutputMessage.Update update) {
            OpenTransaction transaction = transaction("Update");
            describeDeferred(update.relationOid(), transaction, sink);
            transaction.update(update, shapes.shape(update.relationOid()), bytes);
            afterRow(transaction, sink);
        } else if (message instanceof PgOutputMessage.Delete delete) {
            OpenTransaction transaction = transaction("Delete");
            describeDeferred(delete.relationOid(), transaction, sink);
            transaction.delete(delete, shapes.shape(delete.relationOid()), bytes);
            afterRow(transaction, sink);
        } else if (message instanceof PgOutputMessage.Truncate truncate) {
            OpenTransaction transaction = transaction("Truncate");
            truncate.relationOids().forEach(oid -> describeDeferred(oid, transaction, sink));
            transaction.truncate(truncate, shapes::shape, bytes);
        } else if (message instanceof PgOutputMessage.Relation relation) {
            OpenTransaction transaction = transaction("Relation");
            remember(relation, at);
            sink.accept(relation(relation, transaction));
        } else if (!isOfNoConcern(message)) {
            throw unexpected(message.getClass().getSimpleName(), "which was not asked for");
        }
    }

    /** Say nothing about rows. */
    private static boolean isOfNoConcern(PgOutputMessage message) {
        return message instanceof PgOutputMessage.Type
                || message instanceof PgOutputMessage.Origin
                || message instanceof PgOutputMessage.LogicalMessage;
    }

    /** The stream has ended: transactions that are open come again with the next. */
    public void abandon() {
        OpenTransaction left = open;
        if (left != null) {
            open = null;
            left.abandon();
        }
        StreamedTransaction half = committing;
        if (half != null) {
            committing = null;
            half.release();
        }
        streamed.abandon();
    }

    private void requireNone(String what) {
        if (open != null) {
            throw unexpected(what, "inside transaction " + open.xid());
        }
    }

    private OpenTransaction begin(
            PgOutputMessage.Begin begin, Function<SpooledChanges.Context, SpooledChanges> file) {
        return new OpenTransaction(begin, mapper, shapes::current, spool, file, maxMemory / 2);
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

    /** Reads what came in its blocks as if it had come only now. */
    private void commit(PgOutputMessage.StreamCommit commit, Runnable meanwhile, Consumer<AssembledEvent> sink) {
        PgOutputMessage.Begin begin =
                new PgOutputMessage.Begin(commit.commitLsn(), commit.commitTimeMicros(), commit.xid());
        commit(streamed.take(commit.xid()), begin, commit.endLsn(), meanwhile, sink);
    }

    private void commit(PgOutputMessage.CommitPrepared commit, Runnable meanwhile, Consumer<AssembledEvent> sink) {
        StreamedTransactions.Kept kept = streamed.takePrepared(commit.xid(), commit.gid())
                .orElseThrow(() -> PositionUnavailableException.ofSlot(
                        "the server sent, at " + commit.commitLsn() + ", that prepared transaction " + commit.xid()
                                + " ('" + commit.gid() + "') is committed, but not what it changes",
                        null,
                        null));
        PgOutputMessage.Begin begin =
                new PgOutputMessage.Begin(commit.commitLsn(), commit.commitTimeMicros(), commit.xid());
        deferredBefore = kept.beginPlace();
        commit(kept.messages(), begin, commit.endLsn(), meanwhile, sink);
        deferredBefore = Long.MAX_VALUE;
        sink.accept(new AssembledEvent.PreparedEnded(
                kept.transaction(), commit.endLsn(), PgTimestamp.toInstant(commit.commitTimeMicros()), true));
    }

    private void commit(
            StreamedTransaction transaction,
            PgOutputMessage.Begin begin,
            Lsn endLsn,
            Runnable meanwhile,
            Consumer<AssembledEvent> sink) {
        committing = transaction;
        OpenTransaction current = begin(begin, transaction::rest);
        open = current;
        Map<Long, Deque<Long>> places = transaction.described();
        Map<Long, Long> last = new HashMap<>();
        StreamedTransaction.Messages messages = transaction.committed();
        PgOutputDecoder decoder = transaction.decoder();
        ByteCursor cursor = new ByteCursor();
        int count = 0;
        for (Optional<ByteSlice> bytes = messages.next(); bytes.isPresent(); bytes = messages.next()) {
            if (++count % MESSAGES_AT_ONCE == 0) {
                meanwhile.run();
            }
            cursor.reset(bytes.get());
            PgOutputMessage message = decode(decoder, cursor);
            if (transaction.isAborted(decoder.xid())) {
                continue;
            }
            long at = place;
            if (message instanceof PgOutputMessage.Relation relation) {
                at = places.getOrDefault(relation.oid(), new ArrayDeque<>()).remove();
                last.put(relation.oid(), at);
            }
            change(message, at, bytes.get(), sink);
        }
        last.forEach((oid, at) -> {
            forgetDeferred(oid, at);
            describeAgain(oid, at, current, sink);
        });
        AssembledEvent committed = new AssembledEvent.Committed(current.commit(endLsn));
        open = null;
        transaction.release(); // the changes hold the file, if they need it
        committing = null;
        sink.accept(committed);
    }

    /** The rows of a table that come now are as a prepared transaction has described it, if nothing has since. */
    private void describeDeferred(long oid, OpenTransaction transaction, Consumer<AssembledEvent> sink) {
        TreeMap<Long, PgOutputMessage.Relation> places = deferred.isEmpty() ? null : deferred.get(oid);
        Map.Entry<Long, PgOutputMessage.Relation> last = places == null ? null : places.lowerEntry(deferredBefore);
        if (last == null) {
            return;
        }
        forgetDeferred(oid, last.getKey());
        Described known = described.get(oid);
        if (known == null || known.place() < last.getKey()) {
            remember(last.getValue(), last.getKey());
            sink.accept(relation(last.getValue(), transaction));
        }
    }

    private void forgetDeferred(long oid, long at) {
        TreeMap<Long, PgOutputMessage.Relation> places = deferred.get(oid);
        if (places != null) {
            places.headMap(at, true).clear();
            if (places.isEmpty()) {
                deferred.remove(oid);
            }
        }
    }

    private void remember(PgOutputMessage.Relation relation, long at) {
        Described known = described.get(relation.oid());
        if (known == null || known.place() <= at) {
            described.put(relation.oid(), new Described(at, relation));
        }
    }

    /**
     * A table may have been described otherwise after a block of this transaction had described it, by one that committed before:
     * its schema was renamed, or the publication's columns changed. The server does not say that again.
     */
    private void describeAgain(long oid, long at, OpenTransaction current, Consumer<AssembledEvent> sink) {
        Described later = described.get(oid);
        if (later != null && later.place() > at) {
            sink.accept(relation(later.relation(), current));
        }
    }

    private static PgOutputMessage decode(PgOutputDecoder decoder, ByteCursor cursor) {
        try {
            return decoder.decode(cursor);
        } catch (ProtocolException e) {
            throw new DecodingException(
                    "a message that was decoded before can't be decoded: " + e.getMessage(), null, e);
        }
    }

    private AssembledEvent relation(PgOutputMessage.Relation relation, OpenTransaction transaction) {
        TableShapes.Learned learned = shapes.define(relation, transaction.start(), catalog);
        transaction.reshape(relation.oid(), shapes.shape(relation.oid()));
        return new AssembledEvent.Schema(learned.description(), learned.changes());
    }

    private void afterRow(OpenTransaction transaction, Consumer<AssembledEvent> sink) {
        List<ShapeChange> changes = shapes.afterRow(transaction.start(), catalog);
        if (!changes.isEmpty()) {
            sink.accept(new AssembledEvent.Schema(Optional.empty(), changes));
        }
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
