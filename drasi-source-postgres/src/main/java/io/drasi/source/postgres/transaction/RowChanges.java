// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.change.RowPlace;
import io.drasi.source.postgres.schema.TableShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/** Turns the row messages of one transaction into changes, and counts their places. One thread. */
final class RowChanges {
    private final ChangeMapper mapper;
    private final long commitLsn;
    private final long effectiveFrom;
    private final Consumer<SourceChange> sink;
    private long ordinal;

    /**
     * @param effectiveFrom nanoseconds since the epoch
     * @param ordinal of the message before the first
     * @param sink takes each change; its place is {@link #position} then
     */
    RowChanges(ChangeMapper mapper, long commitLsn, long effectiveFrom, long ordinal, Consumer<SourceChange> sink) {
        this.mapper = mapper;
        this.commitLsn = commitLsn;
        this.effectiveFrom = effectiveFrom;
        this.ordinal = ordinal;
        this.sink = sink;
    }

    /** The place of the message that was taken last. */
    Position position() {
        return new Position(commitLsn, ordinal);
    }

    long ordinal() {
        return ordinal;
    }

    long effectiveFrom() {
        return effectiveFrom;
    }

    /** So many messages of tables that are left out. */
    void skip(long count) {
        ordinal += count;
    }

    /** @param shape empty: the table is left out, and only counted */
    void insert(PgOutputMessage.Insert insert, Optional<TableShape> shape) {
        ordinal++;
        if (shape.isPresent()) {
            sink.accept(mapper.insert(shape.get(), insert.newTuple(), effectiveFrom, place()));
        }
    }

    void update(PgOutputMessage.Update update, Optional<TableShape> shape) {
        ordinal++;
        if (shape.isPresent()) {
            mapper.update(shape.get(), update.old(), update.newTuple(), effectiveFrom, place(), sink);
        }
    }

    void delete(PgOutputMessage.Delete delete, Optional<TableShape> shape) {
        ordinal++;
        if (shape.isPresent()) {
            sink.accept(mapper.delete(shape.get(), delete.old(), effectiveFrom, place()));
        }
    }

    /** @return the labels of the tables that are read */
    List<String> truncate(PgOutputMessage.Truncate truncate, LongFunction<Optional<TableShape>> shapes) {
        ordinal++;
        List<String> labels = new ArrayList<>();
        for (long relationOid : truncate.relationOids()) {
            shapes.apply(relationOid).ifPresent(shape -> labels.add(shape.label()));
        }
        if (!labels.isEmpty()) {
            sink.accept(new SourceChange.Truncate(labels, effectiveFrom, truncate.cascade(), truncate.restartIdentity()));
        }
        return labels;
    }

    private RowPlace place() {
        return new RowPlace.InStream(position());
    }
}
