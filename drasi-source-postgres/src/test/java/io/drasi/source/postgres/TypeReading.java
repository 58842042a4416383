// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.Element;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.config.RowFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** What a source makes of the {@link TypeValues} in a database, by each path that a row can take. */
final class TypeReading {
    /** The rows of the stream are copies of those of the snapshot, with so much added to their ids. */
    private static final int COPIES = 1000;

    private static final String BINARY_PUBLICATION = "binary_publication";

    private static final List<Format> FORMATS = List.of(
            new Format("text", 10, builder -> builder.withRowFormat(RowFormat.TEXT)),
            new Format(
                    "binary",
                    14,
                    builder -> builder.withRowFormat(RowFormat.BINARY).withPublicationName(BINARY_PUBLICATION)));

    /** For what is written to the database and asked of it, whatever its own settings. */
    static final List<String> SESSION = List.of(
            "SET DateStyle = 'ISO, YMD'",
            "SET IntervalStyle = 'postgres'",
            "SET TimeZone = 'UTC'",
            "SET bytea_output = 'hex'",
            "SET extra_float_digits = 3",
            "SET lc_monetary = 'C'",
            "SET lc_numeric = 'C'");

    private final Map<String, Map<String, ElementValue>> paths = new LinkedHashMap<>();

    /**
     * A format that the source can ask for.
     *
     * @param from the first version that has it
     * @param option of a source that uses it
     */
    private record Format(String name, int from, UnaryOperator<PostgresReplicationSource.Builder> option) {}

    private TypeReading() {}

    /** Fills the database, whatever its settings, and reads it in each format by snapshot and by stream. */
    static TypeReading of(SourceFixture fixture) {
        executeInSession(fixture, TypeValues.script(fixture.version()));
        fixture.publishAllTables();
        fixture.execute(TypeValues.binaryTables().stream()
                .flatMap(table -> TypeValues.withArraysAndRows(table).stream())
                .collect(Collectors.joining(", ", "CREATE PUBLICATION " + BINARY_PUBLICATION + " FOR TABLE ", "")));
        TypeReading reading = new TypeReading();
        Map<Format, Recorder> recorders = new LinkedHashMap<>();
        for (Format format : FORMATS) {
            if (fixture.version() >= format.from()) {
                Recorder recorder = fixture.bootstrap(format.option()
                        .apply(fixture.builder().withSlotName(fixture.slotName() + "_" + format.name())));
                for (SourceChange.Insert row : recorder.snapshot().rows()) {
                    reading.add(
                            format.name() + " snapshot",
                            row.element(),
                            row.element().properties());
                }
                recorders.put(format, recorder);
            }
        }
        changeAllRows(fixture);
        recorders.forEach((format, recorder) -> {
            for (SourceEvent event : recorder.catchUp()) {
                if (event instanceof SourceEvent.Transaction transaction) {
                    Recorder.placed(transaction).forEach(placed -> reading.add(format.name(), placed.change()));
                }
            }
        });
        return reading;
    }

    private static void changeAllRows(SourceFixture fixture) {
        for (String table : TypeValues.tables()) {
            for (String name : TypeValues.withArraysAndRows(table)) {
                String others = fixture.database()
                        .queryOne("SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute"
                                + " WHERE attrelid = '" + name + "'::regclass AND attnum > 1");
                fixture.execute(
                        "INSERT INTO " + name + " SELECT id + " + COPIES + "," + others + " FROM " + name,
                        "UPDATE " + name + " SET id = id WHERE id < " + COPIES);
            }
        }
    }

    private static void executeInSession(SourceFixture fixture, List<String> script) {
        List<String> all = new ArrayList<>(SESSION);
        all.addAll(script);
        fixture.execute(all.toArray(new String[0]));
    }

    private void add(String format, SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            add(format + " insert", insert.element(), insert.element().properties());
        } else if (change instanceof SourceChange.Update update) {
            add(format + " update", update.element(), update.element().properties());
            add(format + " old row", update.element(), update.before().orElseThrow());
        } else {
            throw new AssertionError("neither inserted nor updated: " + change);
        }
    }

    private void add(String path, Element element, ElementProperties properties) {
        String table = element.metadata().labels().get(0);
        long id = ((ElementValue.IntegerValue) properties.get("id").orElseThrow()).value() % COPIES;
        Map<String, ElementValue> cells = paths.computeIfAbsent(path, name -> new TreeMap<>());
        properties.forEach((column, value) -> {
            if (!column.equals("id")) {
                cells.put(cell(table, column, id), value);
            }
        });
    }

    private static String cell(String table, String column, long id) {
        return table + "." + column + " of row " + id;
    }

    /** By path, all values by table, column and id. */
    Map<String, Map<String, ElementValue>> paths() {
        return paths;
    }

    /** All values by table, column and id, as the first path gave them. */
    Map<String, ElementValue> cells() {
        return paths.values().iterator().next();
    }

    /** Those of them that a path gives. */
    Map<String, ElementValue> cells(String path) {
        Map<String, ElementValue> cells = new TreeMap<>(cells());
        if (path.startsWith("binary")) {
            List<String> tables = TypeValues.binaryTables();
            cells.keySet().removeIf(cell -> tables.stream().noneMatch(cell::startsWith));
        }
        return cells;
    }

    ElementValue value(String table, String column, long id) {
        return Objects.requireNonNull(cells().get(cell(table, column, id)), column);
    }

    /** The values of a column, in the order of the ids, which begin with 1. */
    List<ElementValue> values(String table, String column) {
        List<ElementValue> values = new ArrayList<>();
        for (long id = 1; cells().containsKey(cell(table, column, id)); id++) {
            values.add(value(table, column, id));
        }
        return values;
    }
}
