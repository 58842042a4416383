// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementReference;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.OldTuple;
import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.schema.RowKey;
import io.drasi.source.postgres.schema.TableShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns rows as the server sends them into source changes. Pure: everything it needs to know of a table is in its
 * {@link TableShape}.
 */
public final class ChangeMapper {
    private final String sourceId;

    public ChangeMapper(String sourceId) {
        this.sourceId = sourceId;
    }

    /**
     * @param effectiveFrom nanoseconds since the epoch
     * @param place names the row's place in the stream or the snapshot; asked for only if the table has no key
     */
    public SourceChange.Insert insert(TableShape shape, TupleData row, long effectiveFrom, RowPlace place) {
        ElementProperties properties = RowReader.read(shape, row, null);
        return new SourceChange.Insert(node(shape, id(shape, row, null, properties, place), effectiveFrom, properties));
    }

    /** Gives one Update, or, if the update changes the row's id, a Delete and an Insert. */
    public void update(
            TableShape shape,
            OldTuple old,
            TupleData row,
            long effectiveFrom,
            RowPlace place,
            Consumer<SourceChange> changes) {
        TupleData known = tuple(old);
        ElementProperties properties = RowReader.read(shape, row, known);
        Optional<ElementProperties> before = before(shape, old);
        requireKeyOfOldRows(shape, place);
        String newId = id(shape, row, known, properties, place);
        String oldId = known == null ? newId : id(shape, known, null, before.orElse(properties), place);
        boolean multiset = shape.key() instanceof RowKey.Content;
        if (oldId.equals(newId) && !multiset) {
            changes.accept(new SourceChange.Update(node(shape, newId, effectiveFrom, properties), before));
            return;
        }
        changes.accept(new SourceChange.Delete(metadata(shape, oldId, effectiveFrom), before));
        changes.accept(new SourceChange.Insert(
                node(shape, newId, effectiveFrom, properties), Optional.of(oldId), absent(properties)));
    }

    public SourceChange.Delete delete(TableShape shape, OldTuple old, long effectiveFrom, RowPlace place) {
        TupleData row = tuple(old);
        if (row == null) {
            throw new DecodingException(
                    "a delete from table " + shape.label() + " at " + place + " came without the old row", null, null);
        }
        Optional<ElementProperties> before = before(shape, old);
        requireKeyOfOldRows(shape, place);
        String id = id(shape, row, null, before.orElseThrow(), place);
        return new SourceChange.Delete(metadata(shape, id, effectiveFrom), before);
    }

    /**
     * What the server sent of the old row: the columns of the replica identity, with FULL all of them, or nothing. A row
     * that is said to be whole may not be so either, when it comes from a partition.
     */
    private static Optional<ElementProperties> before(TableShape shape, OldTuple old) {
        TupleData row = tuple(old);
        return row == null ? Optional.empty() : Optional.of(RowReader.readIdentity(shape, row));
    }

    private static @Nullable TupleData tuple(OldTuple old) {
        if (old instanceof OldTuple.Full full) {
            return full.tuple();
        }
        return old instanceof OldTuple.Key key ? key.tuple() : null;
    }

    private static void requireKeyOfOldRows(TableShape shape, RowPlace place) {
        if (shape.key() instanceof RowKey.Place) {
            throw unknownKey(shape, place, "the table has no key and no replica identity");
        }
        if (!shape.keyInIdentity()) {
            throw unknownKey(shape, place, "its configured key was not part of its replica identity then");
        }
    }

    private static DecodingException unknownKey(TableShape shape, RowPlace place, String why) {
        return new DecodingException(
                "an update or delete of table " + shape.label() + " at " + place + " can't be told from others: " + why,
                "ALTER TABLE " + shape.table().sql() + " REPLICA IDENTITY FULL; and start again with a new slot and a"
                        + " bootstrap.",
                null);
    }

    private String id(
            TableShape shape, TupleData row, @Nullable TupleData old, ElementProperties properties, RowPlace place) {
        if (shape.key() instanceof RowKey.Columns columns) {
            return columnsId(shape, columns.indexes(), row, old, place);
        }
        return shape.key() instanceof RowKey.Content
                ? ElementIds.ofContent(shape, properties)
                : ElementIds.ofPlace(shape, place.toString());
    }

    private static String columnsId(
            TableShape shape, List<Integer> key, TupleData row, @Nullable TupleData old, RowPlace place) {
        StringBuilder id = new StringBuilder(shape.idPrefix());
        boolean composite = key.size() > 1;
        for (int i = 0; i < key.size(); i++) {
            if (i > 0) {
                id.append('_');
            }
            int column = key.get(i);
            TupleData holder = row.kind(column) == TupleData.Kind.UNCHANGED_TOAST && old != null ? old : row;
            switch (holder.kind(column)) {
                case TEXT -> ElementIds.append(id, RowReader.text(shape, holder, column), composite);
                case BINARY -> {
                    int start = id.length();
                    RowReader.appendText(shape, holder, column, id);
                    ElementIds.escapeFrom(id, start, composite);
                }
                case NULL -> ElementIds.appendNull(id);
                case UNCHANGED_TOAST ->
                    throw new DecodingException(
                            "key column " + shape.names().get(column) + " of table " + shape.label() + " at " + place
                                    + " was sent as " + holder.kind(column) + ", so the row's id is not known",
                            null,
                            null);
            }
        }
        return id.toString();
    }

    private static List<String> absent(ElementProperties properties) {
        List<String> absent = new ArrayList<>();
        for (int i = 0; i < properties.names().size(); i++) {
            if (!properties.isPresent(i)) {
                absent.add(properties.names().get(i));
            }
        }
        return absent;
    }

    private Element.Node node(TableShape shape, String id, long effectiveFrom, ElementProperties properties) {
        return new Element.Node(metadata(shape, id, effectiveFrom), properties);
    }

    private ElementMetadata metadata(TableShape shape, String id, long effectiveFrom) {
        return new ElementMetadata(new ElementReference(sourceId, id), shape.labels(), effectiveFrom);
    }
}
