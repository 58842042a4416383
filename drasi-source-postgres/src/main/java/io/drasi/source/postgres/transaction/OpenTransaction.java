// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.spool.Spool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The transaction between Begin and Commit. Its rows are turned into changes as they come. Once these take as much memory as
 * they may, the messages of all further rows go to a file; they are decoded all the same, to know that this is possible, and
 * again when somebody walks along the transaction. One thread.
 */
final class OpenTransaction {
    /** What a change takes in memory beside its values, and each value beside its bytes. */
    private static final long CHANGE_WEIGHT = 200;
    private static final long VALUE_WEIGHT = 48;

    private final PgOutputMessage.Begin begin;
    private final ChangeMapper mapper;
    private final RowChanges rows;
    private final Supplier<Map<Long, TableShape>> shapes;
    private final Spool spool;
    private final Function<SpooledChanges.Context, SpooledChanges> file;
    private final long maxMemory;
    private final List<SourceChange> changes = new ArrayList<>();
    private long[] ordinals = new long[16];
    private final Map<String, TableTally> tallies = new HashMap<>();
    private @Nullable TableTally lastTally;
    private long weight;
    private @Nullable SpooledChanges rest;
    private long size;
    private long lastChange;

    /**
     * @param shapes the tables as they are now
     * @param file makes the file for what does not fit in memory
     * @param maxMemory bytes of memory that the changes may take, about
     */
    OpenTransaction(
            PgOutputMessage.Begin begin,
            ChangeMapper mapper,
            Supplier<Map<Long, TableShape>> shapes,
            Spool spool,
            Function<SpooledChanges.Context, SpooledChanges> file,
            long maxMemory) {
        this.begin = begin;
        this.mapper = mapper;
        this.shapes = shapes;
        this.spool = spool;
        this.file = file;
        this.maxMemory = maxMemory;
        this.rows = new RowChanges(
                mapper,
                begin.commitLsn().value(),
                PgTimestamp.toUnixNanos(begin.commitTimeMicros()),
                Position.BEFORE_FIRST,
                this::add);
    }

    long xid() {
        return begin.xid();
    }

    Lsn commitLsn() {
        return begin.commitLsn();
    }

    /** The place before its first change. */
    Position start() {
        return Position.before(begin.commitLsn().value());
    }

    void insert(PgOutputMessage.Insert insert, Optional<TableShape> shape, ByteSlice bytes) {
        beginFileIfFull();
        rows.insert(insert, shape);
        shape.ifPresent(table -> tally(table.label()).insert());
        taken(shape, bytes, insert.newTuple().size());
    }

    void update(PgOutputMessage.Update update, Optional<TableShape> shape, ByteSlice bytes) {
        beginFileIfFull();
        rows.update(update, shape);
        shape.ifPresent(table -> tally(table.label()).update());
        taken(shape, bytes, 2 * update.newTuple().size());
    }

    void delete(PgOutputMessage.Delete delete, Optional<TableShape> shape, ByteSlice bytes) {
        beginFileIfFull();
        rows.delete(delete, shape);
        shape.ifPresent(table -> tally(table.label()).delete());
        taken(shape, bytes, shape.map(table -> table.names().size()).orElse(0));
    }

    void truncate(
            PgOutputMessage.Truncate truncate, LongFunction<Optional<TableShape>> tables, ByteSlice bytes) {
        beginFileIfFull();
        List<String> labels = rows.truncate(truncate, tables);
        labels.forEach(label -> tally(label).truncate());
        taken(labels.stream().findFirst(), bytes, labels.size());
    }

    /** @param shape empty: the table is left out */
    void reshape(long relationOid, Optional<TableShape> shape) {
        if (rest != null) {
            rest.reshape(relationOid, shape.orElse(null));
        }
    }

    private void beginFileIfFull() {
        if (rest == null && weight >= maxMemory) {
            rest = file.apply(new SpooledChanges.Context(spool, mapper, rows, shapes.get()));
        }
    }

    /**
     * A message has been turned into changes.
     *
     * @param table empty: it is left out
     */
    private void taken(Optional<?> table, ByteSlice bytes, int values) {
        SpooledChanges spooled = rest;
        if (table.isEmpty()) {
            if (spooled != null) {
                spooled.skip();
            }
        } else if (spooled == null) {
            weight += CHANGE_WEIGHT + VALUE_WEIGHT * values + 2L * bytes.length();
        } else {
            spooled.append(bytes);
        }
    }

    private void add(SourceChange change) {
        size++;
        lastChange = rows.ordinal();
        if (rest != null) {
            return;
        }
        if (changes.size() == ordinals.length) {
            ordinals = Arrays.copyOf(ordinals, ordinals.length * 2);
        }
        ordinals[changes.size()] = rows.ordinal();
        changes.add(change);
    }

    /**
     * Of the table that the next row changes.
     *
     * @param label one object per table: most rows have that of the one before
     */
    @SuppressWarnings("ReferenceEquality")
    private TableTally tally(String label) {
        TableTally tally = lastTally;
        if (tally == null || tally.label() != label) {
            tally = tallies.computeIfAbsent(label, TableTally::new);
            lastTally = tally;
        }
        return tally;
    }

    CommittedTransaction commit(Lsn endLsn) {
        InMemoryTransaction inMemory = new InMemoryTransaction(
                begin.xid(),
                PgTimestamp.toInstant(begin.commitTimeMicros()),
                endLsn.value(),
                rows.position(),
                changes,
                ordinals,
                Map.copyOf(tallies),
                weight);
        SpooledChanges spooled = rest;
        if (spooled == null) {
            return inMemory;
        }
        spooled.end();
        return new SpooledTransaction(
                inMemory, spooled, size, new Position(begin.commitLsn().value(), lastChange));
    }

    /** It won't be committed here. */
    void abandon() {
        if (rest != null) {
            rest.release();
        }
    }
}
