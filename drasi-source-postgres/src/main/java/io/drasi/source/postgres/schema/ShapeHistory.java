// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The shapes of one table in the order in which the stream showed them. A stream that begins again shows some of them once
 * more, from an earlier one on.
 */
final class ShapeHistory {
    private static final int LONGEST = 100;

    private final List<TableShape> shapes = new ArrayList<>();
    private int current;
    private boolean describedInThisStream;

    ShapeHistory(TableShape first) {
        shapes.add(first);
        describedInThisStream = true;
    }

    TableShape current() {
        return shapes.get(current);
    }

    void beginStream() {
        describedInThisStream = false;
    }

    /**
     * The table is described.
     *
     * @param again whether an earlier stream has been here before
     * @return what changed; nothing when the stream has only gone back
     */
    Optional<ShapeChange> define(TableShape shape, Position position, boolean again) {
        if (!again && !describedInThisStream) {
            // An earlier stream may have gone back, and broken before it came forward again.
            current = shapes.size() - 1;
        }
        Optional<SourceEvent.SchemaChanged> change = SchemaDifference.between(current(), shape, position);
        int known = again && (change.isPresent() || !describedInThisStream) ? find(shape, position) : -1;
        boolean goesBack = known >= 0 && known < current;
        describedInThisStream = true;
        if (known >= 0) {
            current = known;
        } else if (change.isPresent()) {
            shapes.subList(current + 1, shapes.size()).clear();
            shapes.add(shape);
            current++;
        }
        shapes.set(current, shape);
        if (shapes.size() > LONGEST) {
            shapes.remove(0);
            current--;
        }
        return goesBack ? Optional.empty() : change.map(what -> new ShapeChange(what, known >= 0));
    }

    /** A stream begins anywhere in what was shown before; from there on it goes only forward. */
    private int find(TableShape shape, Position position) {
        int from = describedInThisStream ? current + 1 : 0;
        for (int i = from; i < shapes.size(); i++) {
            if (SchemaDifference.between(shapes.get(i), shape, position).isEmpty()) {
                return i;
            }
        }
        return -1;
    }
}
