// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.change.RowPlace;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.schema.TableShapes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private @Nullable Open open;

    /** The transaction between Begin and Commit. */
    private static final class Open {
        private final PgOutputMessage.Begin begin;
        private final long effectiveFrom;
        private final List<SourceChange> changes = new ArrayList<>();
        private long[] ordinals = new long[16];
        private long ordinal = Position.BEFORE_FIRST;
        private final Map<String, TableTally> tallies = new HashMap<>();
        private @Nullable TableTally last;

        Open(PgOutputMessage.Begin begin) {
            this.begin = begin;
            this.effectiveFrom = PgTimestamp.toUnixNanos(begin.commitTimeMicros());
        }

        /** The place of the row or truncate that the last call of {@link #count} counted. */
        Position position() {
            return new Position(begin.commitLsn().value(), ordinal);
        }

        /** The place before its first change. */
        Position start() {
            return Position.before(begin.commitLsn().value());
        }

        void count() {
            ordinal++;
        }

        /**
         * Of the table that the next row changes.
         *
         * @param label one object per table: most rows have that of the one before
         */
        @SuppressWarnings("ReferenceEquality")
        TableTally tally(String label) {
            TableTally tally = last;
            if (tally == null || tally.label() != label) {
                tally = tallies.computeIfAbsent(label, TableTally::new);
                last = tally;
            }
            return tally;
        }

        void add(SourceChange change) {
            if (changes.size() == ordinals.length) {
                ordinals = Arrays.copyOf(ordinals, ordinals.length * 2);
            }
            ordinals[changes.size()] = ordinal;
            changes.add(change);
        }
    }

    /**
     * @param catalog is asked when a relation is described, before its first row
     */
    public TransactionAssembler(ChangeMapper mapper, TableShapes shapes, Catalog catalog) {
        this.mapper = mapper;
        this.shapes = shapes;
        this.catalog = catalog;
    }

    /** Whether a transaction has begun and not ended. */
    public boolean inTransaction() {
        return open != null;
    }

    /**
     * Takes the next message.
     *
     * @param message may borrow its bytes: nothing of them is kept
     * @throws DecodingException if it does not fit to what came before, or a row can't be read
     */
    public AssembledEvent accept(PgOutputMessage message) {
        if (message instanceof PgOutputMessage.Insert insert) {
            return insert(insert, transaction("Insert"));
        } else if (message instanceof PgOutputMessage.Update update) {
            return update(update, transaction("Update"));
        } else if (message instanceof PgOutputMessage.Delete delete) {
            return delete(delete, transaction("Delete"));
        } else if (message instanceof PgOutputMessage.Truncate truncate) {
            truncate(truncate, transaction("Truncate"));
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

    /** Type, Origin and messages say nothing about rows; an abort is about a transaction that was never begun here. */
    private static boolean isOfNoConcern(PgOutputMessage message) {
        return message instanceof PgOutputMessage.Type
                || message instanceof PgOutputMessage.Origin
                || message instanceof PgOutputMessage.LogicalMessage
                || message instanceof PgOutputMessage.StreamAbort;
    }

    private void begin(PgOutputMessage.Begin begin) {
        if (open != null) {
            throw unexpected("Begin of transaction " + begin.xid(), "inside transaction " + open.begin.xid());
        }
        open = new Open(begin);
    }

    private AssembledEvent commit(PgOutputMessage.Commit commit) {
        Open done = transaction("Commit");
        if (!done.begin.commitLsn().equals(commit.commitLsn())) {
            throw unexpected(
                    "Commit at " + commit.commitLsn(),
                    "for a transaction that was announced to commit at " + done.begin.commitLsn());
        }
        open = null;
        return new AssembledEvent.Committed(new CommittedTransaction(
                done.begin.xid(),
                PgTimestamp.toInstant(done.begin.commitTimeMicros()),
                commit.endLsn().value(),
                done.position(),
                done.changes,
                done.ordinals,
                Map.copyOf(done.tallies)));
    }

    private AssembledEvent relation(PgOutputMessage.Relation relation, Open transaction) {
        TableShapes.Learned learned = shapes.define(relation, transaction.start(), catalog);
        return new AssembledEvent.Schema(learned.description(), learned.changes());
    }

    private static AssembledEvent announce(List<ShapeChange> changes) {
        return changes.isEmpty() ? NONE : new AssembledEvent.Schema(Optional.empty(), changes);
    }

    private AssembledEvent insert(PgOutputMessage.Insert insert, Open transaction) {
        transaction.count();
        Optional<TableShape> shape = shapes.shape(insert.relationOid());
        if (shape.isPresent()) {
            transaction.add(
                    mapper.insert(shape.get(), insert.newTuple(), transaction.effectiveFrom, place(transaction)));
            transaction.tally(shape.get().label()).insert();
        }
        return announce(shapes.afterRow(transaction.start(), catalog));
    }

    private AssembledEvent update(PgOutputMessage.Update update, Open transaction) {
        transaction.count();
        Optional<TableShape> shape = shapes.shape(update.relationOid());
        if (shape.isPresent()) {
            mapper.update(
                    shape.get(),
                    update.old(),
                    update.newTuple(),
                    transaction.effectiveFrom,
                    place(transaction),
                    transaction::add);
            transaction.tally(shape.get().label()).update();
        }
        return announce(shapes.afterRow(transaction.start(), catalog));
    }

    private AssembledEvent delete(PgOutputMessage.Delete delete, Open transaction) {
        transaction.count();
        Optional<TableShape> shape = shapes.shape(delete.relationOid());
        if (shape.isPresent()) {
            transaction.add(mapper.delete(shape.get(), delete.old(), transaction.effectiveFrom, place(transaction)));
            transaction.tally(shape.get().label()).delete();
        }
        return announce(shapes.afterRow(transaction.start(), catalog));
    }

    private void truncate(PgOutputMessage.Truncate truncate, Open transaction) {
        transaction.count();
        List<String> labels = new ArrayList<>();
        for (long relationOid : truncate.relationOids()) {
            shapes.shape(relationOid).ifPresent(shape -> labels.add(shape.label()));
        }
        if (!labels.isEmpty()) {
            labels.forEach(label -> transaction.tally(label).truncate());
            transaction.add(new SourceChange.Truncate(
                    labels, transaction.effectiveFrom, truncate.cascade(), truncate.restartIdentity()));
        }
    }

    private static RowPlace place(Open transaction) {
        return new RowPlace.InStream(transaction.position());
    }

    private Open transaction(String message) {
        Open current = open;
        if (current == null) {
            throw unexpected(message, "outside a transaction");
        }
        return current;
    }

    private static DecodingException unexpected(String what, String where) {
        return new DecodingException("the server sent " + what + " " + where, null, null);
    }
}
