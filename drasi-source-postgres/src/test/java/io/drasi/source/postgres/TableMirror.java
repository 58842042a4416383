// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Element;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.testkit.Database;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tables rebuilt from events, as a consumer does it. An element id can stand for several equal rows (a table without a
 * key): n inserts are n rows, a delete takes one away.
 */
final class TableMirror {
    /** By label and element id. */
    private final Map<String, Map<String, Deque<Map<String, ElementValue>>>> tables = new HashMap<>();
    /** The columns of tables that the next transaction alters. */
    private final Map<String, List<String>> announced = new HashMap<>();
    /** What the last Delete took away, for the Insert that may follow it and carry values over. */
    private Map<String, ElementValue> lastDeleted = Map.of();

    private boolean multisets;

    static TableMirror of(Collection<? extends SourceEvent> events) {
        TableMirror mirror = new TableMirror();
        mirror.apply(events);
        return mirror;
    }

    /** Lets inserts of an id that exists already pass: for tables without a key, whose equal rows share one. */
    TableMirror withMultisets() {
        multisets = true;
        return this;
    }

    void apply(Collection<? extends SourceEvent> events) {
        events.forEach(this::apply);
    }

    void apply(SourceEvent event) {
        if (event instanceof SourceEvent.BootstrapStarted) {
            tables.clear();
            announced.clear();
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            batch.rows().forEach(this::apply);
        } else if (event instanceof SourceEvent.Transaction transaction) {
            transaction.changes().forEach(this::apply);
            // Only now, as the transaction that alters a table may have changed rows of the old shape before.
            announced.forEach(this::keepColumns);
            announced.clear();
        } else if (event instanceof SourceEvent.SchemaChanged changed) {
            // A table with another name gets a bootstrap, as its rows have other ids.
            changed.previousLabel().ifPresent(tables::remove);
            announced.put(changed.label(), changed.columns());
        }
    }

    private void keepColumns(String label, List<String> columns) {
        table(label).values().forEach(rows -> rows.forEach(row -> row.keySet().retainAll(columns)));
    }

    /** @throws AssertionError if the change does not fit to the rows there are */
    void apply(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            insert(insert);
        } else if (change instanceof SourceChange.Update update) {
            Deque<Map<String, ElementValue>> rows = rows(update.element());
            assertThat(rows).as(() -> "rows of " + ReadableChange.of(change)).hasSize(1);
            rows.getFirst().putAll(update.element().properties().toMap());
        } else if (change instanceof SourceChange.Delete delete) {
            Map<String, Deque<Map<String, ElementValue>>> table =
                    table(delete.metadata().labels().get(0));
            String id = delete.metadata().reference().elementId();
            assertThat(table).containsKey(id);
            lastDeleted = table.get(id).removeLast();
            if (table.get(id).isEmpty()) {
                table.remove(id);
            }
        } else if (change instanceof SourceChange.Truncate truncate) {
            truncate.labels().forEach(tables::remove);
        }
    }

    private void insert(SourceChange.Insert insert) {
        Deque<Map<String, ElementValue>> rows = rows(insert.element());
        if (!multisets) {
            assertThat(rows)
                    .as(() -> "rows before " + ReadableChange.of(insert))
                    .isEmpty();
        }
        Map<String, ElementValue> row =
                new LinkedHashMap<>(insert.element().properties().toMap());
        insert.unchanged().forEach(name -> {
            assertThat(lastDeleted).containsKey(name);
            row.put(name, lastDeleted.get(name));
        });
        rows.add(row);
    }

    private Map<String, Deque<Map<String, ElementValue>>> table(String label) {
        return tables.computeIfAbsent(label, key -> new LinkedHashMap<>());
    }

    private Deque<Map<String, ElementValue>> rows(Element element) {
        return table(element.metadata().labels().get(0))
                .computeIfAbsent(element.metadata().reference().elementId(), key -> new ArrayDeque<>());
    }

    /** The rows with that label, each as {@link ReadableChange} writes properties; sorted. */
    List<String> rows(String label) {
        return tables.getOrDefault(label, Map.of()).values().stream()
                .flatMap(Collection::stream)
                .map(row -> ReadableChange.of(ElementProperties.of(row)))
                .sorted()
                .toList();
    }

    /** The labels that have rows. */
    Set<String> labels() {
        return tables.keySet().stream().filter(label -> size(label) > 0).collect(Collectors.toSet());
    }

    /** The rows with that label, each with the id that it has. */
    List<Map.Entry<String, Map<String, ElementValue>>> identifiedRows(String label) {
        List<Map.Entry<String, Map<String, ElementValue>>> identified = new ArrayList<>();
        tables.getOrDefault(label, Map.of())
                .forEach((id, rows) -> rows.forEach(row -> identified.add(Map.entry(id, row))));
        return identified;
    }

    /** The number of rows in all. */
    int size() {
        return tables.keySet().stream().mapToInt(label -> (int) size(label)).sum();
    }

    /** The number of rows with that label. */
    long size(String label) {
        return tables.getOrDefault(label, Map.of()).values().stream()
                .mapToLong(Deque::size)
                .sum();
    }

    /**
     * Compares the rows of {@code label} with what the table holds now, all of its columns.
     *
     * @param sqlName the table's name as SQL writes it
     */
    void assertEqualsTable(Database database, String label, String sqlName) {
        List<String> columns = database
                .query("SELECT attname FROM pg_attribute WHERE attrelid = '" + sqlName.replace("'", "''")
                        + "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
                .stream()
                .map(row -> row.get(0))
                .toList();
        List<String> rows = identifiedRows(label).stream()
                .map(row -> ReadableChange.of(ElementProperties.of(inOrder(row.getValue(), columns))))
                .sorted()
                .toList();
        assertThat(rows).isEqualTo(select(database, sqlName));
    }

    /** Values that a change has left out were put in at the end. */
    private static Map<String, ElementValue> inOrder(Map<String, ElementValue> row, List<String> columns) {
        Map<String, ElementValue> ordered = new LinkedHashMap<>();
        columns.stream().filter(row::containsKey).forEach(name -> ordered.put(name, row.get(name)));
        row.forEach(ordered::putIfAbsent);
        return ordered;
    }

    /** The table's rows now, as {@link ReadableChange} writes properties; sorted. Values are read without the code under test. */
    static List<String> select(Database database, String sqlName) {
        List<List<String>> columns = database.query("SELECT a.attname, quote_ident(a.attname), format_type("
                + "CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END, NULL)"
                + " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = '"
                + sqlName.replace("'", "''") + "'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum");
        List<String> texts = new ArrayList<>();
        for (List<String> column : columns) {
            texts.add("CASE WHEN " + column.get(1) + " IS NULL THEN NULL ELSE "
                    + (column.get(2).equals("timestamp with time zone")
                            ? "format('%s', " + column.get(1) + " AT TIME ZONE 'UTC')"
                            : "format('%s', " + column.get(1) + ")")
                    + " END");
        }
        List<String> rows = new ArrayList<>();
        for (List<String> row : database.query("SELECT " + String.join(", ", texts) + " FROM " + sqlName)) {
            Map<String, ElementValue> values = new LinkedHashMap<>();
            for (int i = 0; i < columns.size(); i++) {
                values.put(
                        columns.get(i).get(0), SelectedValue.of(columns.get(i).get(2), row.get(i)));
            }
            rows.add(ReadableChange.of(ElementProperties.of(values)));
        }
        return rows.stream().sorted().toList();
    }
}
