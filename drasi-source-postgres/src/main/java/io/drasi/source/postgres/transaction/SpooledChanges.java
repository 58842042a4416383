// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.spool.MessageLog;
import io.drasi.source.postgres.spool.MessageLogReader;
import io.drasi.source.postgres.spool.Spool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The part of a transaction that is in a file: the messages of its rows as the server sent them, and in memory the shapes of
 * the tables at each place. Written by one thread, then read by any.
 */
final class SpooledChanges {
    /** From this message on, a table has another shape; null: it is left out. */
    record Reshaped(long message, long relationOid, @Nullable TableShape shape) {}

    private final Spool spool;
    private final MessageLog log;
    private final ChangeMapper mapper;
    private final long effectiveFrom;
    private final long ordinal;
    private final Map<Long, TableShape> shapes;
    private final List<Reshaped> reshaped = new ArrayList<>();

    /**
     * @param rows have turned all messages before into changes
     * @param shapes as they are at the first message, by OID; those that are left out are not in it
     */
    SpooledChanges(Spool spool, long xid, ChangeMapper mapper, RowChanges rows, Map<Long, TableShape> shapes) {
        this.spool = spool;
        this.log = spool.create(xid);
        this.mapper = mapper;
        this.effectiveFrom = rows.effectiveFrom();
        this.ordinal = rows.ordinal();
        this.shapes = Map.copyOf(shapes);
    }

    /** Turns the messages into changes once more. */
    RowChanges rows(long commitLsn, Consumer<SourceChange> sink) {
        return new RowChanges(mapper, commitLsn, effectiveFrom, ordinal, sink);
    }

    /** @param message an Insert, Update, Delete or Truncate */
    void append(ByteSlice message) {
        log.append(message);
    }

    void reshape(long relationOid, @Nullable TableShape shape) {
        reshaped.add(new Reshaped(log.messages(), relationOid, shape));
    }

    void end(Lsn endLsn) {
        log.end(endLsn);
    }

    void discard() {
        spool.drop(log);
    }

    /** It can't be read: the source has to end. */
    void failed(SourceException cause) {
        spool.failed(cause);
    }

    MessageLogReader reader() {
        return log.reader();
    }

    /** The shapes at the first message. */
    Map<Long, TableShape> shapes() {
        return new HashMap<>(shapes);
    }

    /** The changes of shapes in order. */
    List<Reshaped> reshaped() {
        return reshaped;
    }
}
