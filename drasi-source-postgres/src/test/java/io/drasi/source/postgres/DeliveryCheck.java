// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Element;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.testkit.Database;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks, event by event, what a subscription delivers of the tables that {@link Writers} write: every change exactly
 * once, whole transactions, positions that only grow, and the stream going on exactly where the snapshot ends. Takes events,
 * or the lines that another process made of them. Thread-safe.
 */
final class DeliveryCheck {
    /** By label: the rows' versions, or for {@code batches} the number of changes, by key. */
    private final Map<String, Map<Long, Long>> tables = new TreeMap<>();

    private Position last = Position.before(0);
    private boolean mayRepeat;
    private boolean repeating;
    private long transactions;
    private long repeated;
    private long bootstraps;
    private long bootstrapRows;
    // Of the transaction that is being taken.
    private long items;
    private long announced;

    /** From the next event on, transactions that were taken already may come again. */
    synchronized void mayRepeat() {
        mayRepeat = true;
    }

    /** The last position that was taken. */
    synchronized Position last() {
        return last;
    }

    /** Transactions taken, without repeated ones. */
    synchronized long transactions() {
        return transactions;
    }

    /** Transactions that came again. */
    synchronized long repeated() {
        return repeated;
    }

    /** Bootstraps that were completed. */
    synchronized long bootstraps() {
        return bootstraps;
    }

    /** Rows of the last bootstrap. */
    synchronized long bootstrapRows() {
        return bootstrapRows;
    }

    synchronized boolean has(String label, long id) {
        return table(label).containsKey(id);
    }

    /** The lines that another process prints of an event. */
    static void print(SourceEvent event, Consumer<String> lines) {
        if (event instanceof SourceEvent.BootstrapStarted started) {
            lines.accept("started " + started.position());
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            batch.rows().forEach(row -> lines.accept("row " + text(row.element())));
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            lines.accept("completed " + completed.position() + " " + completed.rows());
        } else if (event instanceof SourceEvent.Transaction transaction) {
            for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
                lines.accept(line(cursor));
            }
        }
    }

    /** The line of one change. */
    static String line(ChangeCursor cursor) {
        return text(cursor.change()) + " " + cursor.position() + " " + cursor.last();
    }

    void accept(SourceEvent event) {
        print(event, this::accept);
    }

    /** Takes a line that {@link #print} made. */
    synchronized void accept(String line) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
            case "started" -> bootstrapStarted(Position.parse(words[1]));
            case "row" -> bootstrapRow(words[1], Long.parseLong(words[2]), Long.parseLong(words[3]));
            case "completed" -> bootstrapCompleted(Position.parse(words[1]), Long.parseLong(words[2]));
            default ->
                change(
                        words[0],
                        words[1],
                        Long.parseLong(words[2]),
                        Long.parseLong(words[3]),
                        Position.parse(words[4]),
                        Boolean.parseBoolean(words[5]));
        }
    }

    private static String text(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            return "insert " + text(insert.element());
        }
        if (change instanceof SourceChange.Update update) {
            return "update " + text(update.element());
        }
        if (change instanceof SourceChange.Delete delete) {
            String[] id = delete.metadata().reference().elementId().split(":", -1);
            return "delete " + id[0] + " " + id[1] + " 0";
        }
        throw new AssertionError("not made by the writers: " + change);
    }

    private static String text(Element element) {
        Map<String, ElementValue> values = element.properties().toMap();
        ElementValue number = values.getOrDefault("version", values.getOrDefault("changes", new IntegerValue(0)));
        return element.metadata().labels().get(0) + " " + integer(values.get("id")) + " " + integer(number);
    }

    private static long integer(ElementValue value) {
        return ((IntegerValue) value).value();
    }

    private void bootstrapStarted(Position position) {
        tables.clear();
        last = position;
        bootstrapRows = 0;
    }

    private void bootstrapRow(String label, long id, long number) {
        assertThat(table(label).put(id, number))
                .as("what was there before row %s of %s", id, label)
                .isNull();
        bootstrapRows++;
    }

    private void bootstrapCompleted(Position position, long rows) {
        assertThat(position).isEqualTo(last);
        assertThat(rows).isEqualTo(bootstrapRows);
        bootstraps++;
    }

    private void change(String kind, String label, long id, long number, Position position, boolean lastOne) {
        if (repeating || (mayRepeat && position.compareTo(last) <= 0)) {
            assertThat(position).as("a position that comes again").isLessThanOrEqualTo(last);
            repeating = !lastOne;
            repeated += lastOne ? 1 : 0;
            return;
        }
        mayRepeat = false;
        assertThat(position)
                .as("position of %s %s:%s", kind, label, id)
                .usingComparator(Position::compareTo)
                .isGreaterThan(last);
        last = position;
        apply(kind, label, id, number);
        items += label.equals("items") ? 1 : 0;
        if (lastOne) {
            assertThat(items).as("changes of the transaction at %s", position).isEqualTo(announced);
            items = 0;
            announced = 0;
            transactions++;
        }
    }

    private void apply(String kind, String label, long id, long number) {
        Map<Long, Long> table = table(label);
        switch (kind) {
            case "insert" -> {
                assertThat(table.put(id, number))
                        .as("what was there before the insert of %s:%s", label, id)
                        .isNull();
                announced += label.equals("batches") ? number : 0;
            }
            case "update" ->
                assertThat(table.put(id, number))
                        .as("version before the update of %s:%s to %s", label, id, number)
                        .isEqualTo(number - 1);
            case "delete" ->
                assertThat(table.remove(id))
                        .as("what was there before the delete of %s:%s", label, id)
                        .isNotNull();
            default -> throw new AssertionError("no such kind of change: " + kind);
        }
    }

    private Map<Long, Long> table(String label) {
        return tables.computeIfAbsent(label, key -> new TreeMap<>());
    }

    /** All of it has been delivered: what was taken adds up to what the tables hold now. */
    synchronized void assertEqualsTables(Database database) {
        assertEqual("items", select(database, "SELECT id, version FROM items"));
        assertEqual("batches", select(database, "SELECT id, changes FROM batches"));
    }

    private void assertEqual(String label, Map<Long, Long> expected) {
        Map<Long, Long> given = tables.getOrDefault(label, Map.of());
        List<String> differences = Stream.concat(expected.keySet().stream(), given.keySet().stream())
                .distinct()
                .filter(id -> !Objects.equals(given.get(id), expected.get(id)))
                .map(id -> id + ": " + given.get(id) + " instead of " + expected.get(id))
                .toList();
        assertThat(differences)
                .as("differences in %s after %s bootstraps and %s", label, bootstraps, last)
                .isEmpty();
    }

    private static Map<Long, Long> select(Database database, String sql) {
        return database.query(sql).stream()
                .collect(Collectors.toMap(row -> Long.valueOf(row.get(0)), row -> Long.valueOf(row.get(1))));
    }
}
