// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Tells what is different between two shapes of the same table. */
public final class SchemaDifference {
    private SchemaDifference() {}

    /** The event that announces {@code now} after {@code before}; empty if nothing that matters is different. */
    public static Optional<SourceEvent.SchemaChanged> between(TableShape before, TableShape now, Position position) {
        List<String> changes = new ArrayList<>();
        boolean renamed = !before.table().equals(now.table());
        if (renamed) {
            changes.add("table " + before.label() + " was renamed to " + now.label());
        }
        boolean columnsChanged = compareColumns(before, now, changes);
        boolean keyChanged = !keyColumns(before).equals(keyColumns(now));
        if (keyChanged) {
            changes.add("element ids were made of " + keyColumns(before) + " and are now made of " + keyColumns(now));
        }
        if (before.identity() != now.identity()) {
            changes.add("replica identity " + before.identity() + " became " + now.identity());
        }
        if (changes.isEmpty()) {
            return Optional.empty();
        }
        boolean contentIds =
                before.key() instanceof RowKey.Content && columnsChanged && !onlyTypesOfSameValues(before, now);
        boolean keyValuesChanged = !keyChanged && !keepsKeyValues(before, now);
        return Optional.of(new SourceEvent.SchemaChanged(
                position,
                now.label(),
                renamed ? Optional.of(before.label()) : Optional.empty(),
                now.names().asList(),
                changes,
                renamed || keyChanged || contentIds || keyValuesChanged));
    }

    /** A label was renamed of an enum that is part of the table's ids: rows from before have the old one in theirs. */
    static SourceEvent.SchemaChanged relabelled(TableShape shape, Set<String> renamed, Position position) {
        return new SourceEvent.SchemaChanged(
                position,
                shape.label(),
                Optional.empty(),
                shape.names().asList(),
                List.of("labels of an enum in the element ids were renamed: " + String.join(", ", renamed)),
                true);
    }

    /** A table took the name that another one had, or got a name that is read. */
    static SourceEvent.SchemaChanged anotherTable(TableShape now, Position position) {
        return new SourceEvent.SchemaChanged(
                position,
                now.label(),
                Optional.empty(),
                now.names().asList(),
                List.of("another table has the name " + now.label() + " now"),
                true);
    }

    /** A table got a name that is not read. */
    static SourceEvent.SchemaChanged renamedAway(TableShape before, TableName now, Position position) {
        return new SourceEvent.SchemaChanged(
                position,
                before.label(),
                Optional.empty(),
                before.names().asList(),
                List.of("table " + before.label() + " was renamed to " + now.label() + ", which is not read"),
                true);
    }

    private static boolean compareColumns(TableShape before, TableShape now, List<String> changes) {
        int known = changes.size();
        for (CatalogColumn column : now.columns()) {
            int index = before.names().indexOf(column.name());
            if (index < 0) {
                changes.add("column \"" + column.name() + "\" was added");
            } else if (!before.columns().get(index).sameType(column)) {
                changes.add("column \"" + column.name() + "\" changed its type");
            }
        }
        for (CatalogColumn column : before.columns()) {
            if (now.names().indexOf(column.name()) < 0) {
                changes.add("column \"" + column.name() + "\" was dropped");
            }
        }
        return changes.size() > known;
    }

    /** Whether both have the same columns, and rows keep their values in all of them. */
    private static boolean onlyTypesOfSameValues(TableShape before, TableShape now) {
        return before.names().asList().equals(now.names().asList())
                && now.names().asList().stream().allMatch(name -> keepsValues(before, now, name));
    }

    /** Whether the key's columns, which have the same names, still hold the same for each row. */
    private static boolean keepsKeyValues(TableShape before, TableShape now) {
        return !(now.key() instanceof RowKey.Columns key)
                || key.indexes().stream().map(now.names()::get).allMatch(name -> keepsValues(before, now, name));
    }

    private static boolean keepsValues(TableShape before, TableShape now, String name) {
        CatalogColumn column = now.columns().get(now.names().indexOf(name));
        return before.columns().get(before.names().indexOf(name)).keepsValues(column);
    }

    private static String keyColumns(TableShape shape) {
        if (shape.key() instanceof RowKey.Columns columns) {
            return columns.indexes().stream().map(shape.names()::get).toList().toString();
        }
        return shape.key() instanceof RowKey.Content ? "the whole row" : "the row's place in the stream";
    }
}
