// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementProperties;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks that each row has the columns that were announced for its table, or those of the rows before it, and that nothing
 * is announced late or twice.
 */
final class AnnouncedColumns {
    /** Of a table whose first row that is seen may still be older than the shape that was announced. */
    private static final List<String> NEVER_SEEN = List.of("?");

    /** By label: the columns of the last row, and those that were announced since, as one transaction may have several. */
    private final Map<String, Deque<List<String>>> shapes = new HashMap<>();

    private Position last = Position.before(0);

    private AnnouncedColumns() {}

    static void check(List<SourceEvent> events) {
        AnnouncedColumns announced = new AnnouncedColumns();
        events.forEach(announced::check);
    }

    private void check(SourceEvent event) {
        if (event instanceof SourceEvent.BootstrapStarted) {
            shapes.clear();
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            batch.rows().forEach(this::check);
        } else if (event instanceof SourceEvent.SchemaChanged changed) {
            changed.previousLabel().ifPresent(shapes::remove);
            expectAfter(changed.label(), changed.columns());
            goTo(changed.position());
        } else if (event instanceof SourceEvent.Transaction transaction) {
            transaction.changes().forEach(this::check);
            shapes.values().forEach(AnnouncedColumns::keepLast);
            goTo(transaction.position());
        }
    }

    private void expectAfter(String label, List<String> columns) {
        Deque<List<String>> expected = shapes(label);
        if (expected.isEmpty()) {
            expected.add(NEVER_SEEN);
        }
        expected.add(columns);
    }

    private void goTo(Position next) {
        assertThat(next).isGreaterThanOrEqualTo(last);
        last = next;
    }

    private void check(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            check(insert.element().metadata().labels().get(0), insert.element().properties());
        } else if (change instanceof SourceChange.Update update) {
            check(update.element().metadata().labels().get(0), update.element().properties());
        }
    }

    private void check(String label, ElementProperties properties) {
        List<String> columns = properties.names().asList();
        Deque<List<String>> expected = shapes(label);
        if (expected.isEmpty() || (expected.getFirst().equals(NEVER_SEEN) && !expected.contains(columns))) {
            expected.poll();
            expected.addFirst(columns);
        }
        String announced = expected.toString();
        while (!expected.isEmpty() && !expected.getFirst().equals(columns)) {
            expected.removeFirst();
        }
        assertThat(expected)
                .as("%s in %s came after %s", columns, label, announced)
                .isNotEmpty();
    }

    private Deque<List<String>> shapes(String label) {
        return shapes.computeIfAbsent(label, key -> new ArrayDeque<>());
    }

    private static void keepLast(Deque<List<String>> shapes) {
        while (shapes.size() > 1) {
            shapes.removeFirst();
        }
    }
}
