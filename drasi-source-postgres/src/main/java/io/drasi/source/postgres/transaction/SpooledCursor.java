// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.spool.MessageLogReader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Walks along a transaction that goes on in a file: decodes it as it goes.
 */
final class SpooledCursor implements ChangeCursor {
    private static final int LOOKS_AT_ONCE = 1000;

    private record Placed(SourceChange change, Position position) {}

    private final SpooledChanges rest;
    private final Optional<ChangeSelection> selection;
    private final ChangeCursor head;
    private final long size;
    private final RowChanges rows;
    private final Map<Long, TableShape> shapes;
    private final PgOutputDecoder decoder;
    private final ByteCursor bytes = new ByteCursor();
    private final Deque<Placed> ahead = new ArrayDeque<>();
    private @Nullable MessageLogReader reader;
    private long messages;
    private int reshaped;
    private long given;
    private long looked;
    private boolean atEnd;
    private @Nullable Placed current;

    /** @param size changes after the selection; nothing is read after them. The greatest long: it is not known */
    SpooledCursor(InMemoryTransaction begin, SpooledChanges rest, Optional<ChangeSelection> selection, long size) {
        this.size = size;
        this.rest = rest;
        this.selection = selection;
        this.head = begin.cursor();
        this.decoder = rest.decoder();
        this.messages = rest.first();
        this.rows = rest.rows(begin.commitLsn(), this::read);
        this.shapes = rest.shapes();
    }

    private void read(SourceChange change) {
        offer(change, rows.position());
    }

    private void offer(SourceChange change, Position position) {
        if (selection.isEmpty()) {
            ahead.add(new Placed(change, position));
        } else {
            selection.get().take(change, position).ifPresent(taken -> ahead.add(new Placed(taken, position)));
        }
    }

    @Override
    public boolean next() {
        return next(() -> true);
    }

    /** @param wanted is asked now and then; when it says no, there is nothing more */
    boolean next(BooleanSupplier wanted) {
        if (given == size) {
            current = null;
            return false;
        }
        fill(wanted);
        current = ahead.poll();
        given++;
        return current != null;
    }

    /** Reads until there is a change, or there are no more. */
    private void fill(BooleanSupplier wanted) {
        while (ahead.isEmpty() && !atEnd) {
            if (++looked % LOOKS_AT_ONCE == 0 && !wanted.getAsBoolean()) {
                atEnd = true;
                return;
            }
            if (head.next()) {
                offer(head.change(), head.position());
            } else {
                readOrFail();
            }
        }
    }

    /** What can't be read was never given: the source must not go on as if it were. */
    private void readOrFail() {
        try {
            readMessage();
        } catch (SourceException e) {
            rest.failed(e);
            throw e;
        }
    }

    private void readMessage() {
        MessageLogReader from = reader;
        if (from == null) {
            from = rest.reader();
            reader = from;
        }
        Optional<ByteSlice> message = from.next();
        if (message.isEmpty()) {
            atEnd = true;
            return;
        }
        reshape();
        messages++;
        OptionalLong skipped = SpooledChanges.skipped(message.get());
        if (skipped.isPresent()) {
            rows.skip(skipped.getAsLong());
            return;
        }
        bytes.reset(message.get());
        try {
            PgOutputMessage decoded = decoder.decode(bytes);
            if (!rest.isAborted(decoder.xid())) {
                take(decoded);
            }
        } catch (ProtocolException e) {
            throw new DecodingException(
                    "a message of the transaction that commits at " + new Lsn(rows.position().commitLsn())
                            + " was decoded before and can't be decoded again: " + e.getMessage(),
                    null,
                    e);
        }
    }

    private void reshape() {
        while (reshaped < rest.reshaped().size() && rest.reshaped().get(reshaped).message() <= messages) {
            SpooledChanges.Reshaped next = rest.reshaped().get(reshaped++);
            TableShape shape = next.shape();
            if (shape == null) {
                shapes.remove(next.relationOid());
            } else {
                shapes.put(next.relationOid(), shape);
            }
        }
    }

    /** A file of stream blocks has other messages too, which say nothing about rows. */
    private void take(PgOutputMessage message) {
        if (message instanceof PgOutputMessage.Insert insert) {
            rows.insert(insert, shape(insert.relationOid()));
        } else if (message instanceof PgOutputMessage.Update update) {
            rows.update(update, shape(update.relationOid()));
        } else if (message instanceof PgOutputMessage.Delete delete) {
            rows.delete(delete, shape(delete.relationOid()));
        } else if (message instanceof PgOutputMessage.Truncate truncate) {
            rows.truncate(truncate, this::shape);
        }
    }

    /** Empty if the table is left out. */
    private Optional<TableShape> shape(long relationOid) {
        return Optional.ofNullable(shapes.get(relationOid));
    }

    @Override
    public SourceChange change() {
        return requireCurrent().change();
    }

    @Override
    public Position position() {
        return requireCurrent().position();
    }

    @Override
    public boolean last() {
        requireCurrent();
        return given == size;
    }

    private Placed requireCurrent() {
        Placed placed = current;
        if (placed == null) {
            throw new IllegalStateException("the cursor stands on no change");
        }
        return placed;
    }
}
