// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.NullValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One value, one result: each of the {@link TypeValues} gives an equal value on every path and every version that is at
 * hand, and one that the server itself finds equal to its own.
 */
class TypeParityIT {
    private static final int REQUIRED_TYPES = 75;
    private static final int REQUIRED_VALUES = 600;
    private static final int FIRST_WITH_BINARY = 14;

    private static final Map<Integer, SourceFixture> FIXTURES = new TreeMap<>();
    private static final Map<Integer, TypeReading> READINGS = new TreeMap<>();

    @BeforeAll
    static void readAllVersions() {
        for (PostgresVersion version : PostgresVersion.available()) {
            SourceFixture fixture = SourceFixture.on(version.major());
            FIXTURES.put(version.major(), fixture);
            READINGS.put(version.major(), TypeReading.of(fixture));
        }
    }

    @AfterAll
    static void closeAll() {
        FIXTURES.values().forEach(SourceFixture::close);
    }

    static Stream<Integer> versions() {
        return PostgresVersion.available().stream().map(PostgresVersion::major);
    }

    private static int newest() {
        return PostgresVersion.newest().major();
    }

    @Test
    void coversTheTypesOfPostgres() {
        Set<String> types = new TreeSet<>();
        int written = 0;
        for (TypeValues.Column column : TypeValues.columns(newest())) {
            types.add(column.bareType());
            written += column.values().size();
        }
        Set<String> withArrays = new HashSet<>(types);
        TypeValues.columns(newest()).stream()
                .filter(column -> column.hasArrays(newest()))
                .forEach(column -> withArrays.add(column.bareType() + "[]"));
        long values = READINGS.get(newest()).cells().values().stream()
                .filter(value -> !(value instanceof NullValue))
                .count();
        System.out.printf(
                "%d types (%d with their arrays), %d values (%d with arrays and rows of them), paths %s, PostgreSQL %s%n",
                types.size(),
                withArrays.size(),
                written,
                values,
                READINGS.get(newest()).paths().keySet(),
                PostgresVersion.available());
        assertThat(types).hasSizeGreaterThanOrEqualTo(REQUIRED_TYPES);
        assertThat(written).isGreaterThanOrEqualTo(REQUIRED_VALUES);
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesEachValueAsTheKindOfItsType(int version) {
        for (TypeValues.Column column : TypeValues.columns(version)) {
            List<ElementValue> values = READINGS.get(version).values(column.table(), column.name());
            for (int i = 0; i < column.values().size(); i++) {
                String expression = column.values().get(i);
                kinds(values.get(i))
                        .forEach(kind -> assertThat(kind).as(expression).isEqualTo(column.kind()));
            }
        }
    }

    /** {@code Decimal} of a decimal; of a list, those of its elements as {@code List<Decimal>}. */
    private static Stream<String> kinds(ElementValue value) {
        if (value instanceof ListValue list) {
            return list.values().stream()
                    .filter(element -> !(element instanceof NullValue))
                    .flatMap(TypeParityIT::kinds)
                    .map(kind -> kind.startsWith("List<") ? kind : "List<" + kind + ">");
        }
        return Stream.of(value.getClass().getSimpleName().replace("Value", ""));
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesEqualValuesOnAllPaths(int version) {
        TypeReading reading = READINGS.get(version);
        assertThat(reading.paths()).hasSize(version >= FIRST_WITH_BINARY ? 8 : 4);
        reading.paths().forEach((path, cells) -> {
            assertThat(cells.keySet()).as(path).isEqualTo(reading.cells(path).keySet());
            assertEqual(cells, reading.cells(), path);
        });
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesEqualValuesOnAllVersions(int version) {
        Map<String, ElementValue> cells = new TreeMap<>(READINGS.get(version).cells());
        // A row has no fields of types that the version does not have.
        cells.keySet().removeIf(cell -> version != newest() && cell.contains("_rows."));
        assertThat(cells).isNotEmpty();
        assertEqual(cells, READINGS.get(newest()).cells(), "PostgreSQL " + version);
    }

    private static void assertEqual(Map<String, ElementValue> cells, Map<String, ElementValue> expected, String what) {
        cells.forEach(
                (cell, value) -> assertThat(value).as("%s: %s", what, cell).isEqualTo(expected.get(cell)));
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesArraysWithTheValuesThatTheirElementsHaveAlone(int version) {
        TypeReading reading = READINGS.get(version);
        for (TypeValues.Column column : TypeValues.columns(version)) {
            if (column.hasArrays(version)) {
                String arrays = column.table() + "_arrays";
                List<ElementValue> elements = reading.values(column.table(), column.name());
                ElementValue first = elements.get(0);
                assertThat(reading.values(arrays, column.name()))
                        .as(column.type())
                        .containsExactly(
                                new ListValue(elements),
                                new ListValue(List.of()),
                                list(list(first, ElementValue.NULL), list(ElementValue.NULL, first)),
                                list(first, first));
            }
        }
    }

    private static ListValue list(ElementValue... values) {
        return new ListValue(List.of(values));
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesCompositesWithTheValuesThatTheirFieldsHaveAlone(int version) {
        TypeReading reading = READINGS.get(version);
        for (String table : TypeValues.tables()) {
            List<ElementValue> rows = reading.values(table + "_rows", "r");
            assertThat(rows).isNotEmpty();
            assertThat(reading.value(table + "_rows", "rs", 1)).isEqualTo(new ListValue(rows));
            for (int i = 0; i < rows.size(); i++) {
                int id = i + 1;
                ((ObjectValue) rows.get(i)).properties().forEach((column, value) -> {
                    ElementValue alone =
                            column.equals("id") ? new ElementValue.IntegerValue(id) : reading.value(table, column, id);
                    assertThat(value).as("%s.%s of row %d", table, column, id).isEqualTo(alone);
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("versions")
    void givesTypedValuesThatTheServerFindsEqual(int version) throws SQLException {
        TypeReading reading = READINGS.get(version);
        List<String> differences = new ArrayList<>();
        try (TypeJudge judge = new TypeJudge(FIXTURES.get(version).database())) {
            for (TypeValues.Column column : TypeValues.columns(version)) {
                if (!column.kind().equals("String")) {
                    differences.addAll(judge.differences(reading, column.table(), column.name()));
                }
                if (column.hasArrays(version)) {
                    differences.addAll(judge.differences(reading, column.table() + "_arrays", column.name()));
                }
            }
            for (String table : TypeValues.tables()) {
                differences.addAll(judge.differences(reading, table + "_rows", "r"));
                differences.addAll(judge.differences(reading, table + "_rows", "rs"));
            }
            System.out.printf(
                    "PostgreSQL %d finds %d typed values equal; in %d columns by their text alone%n",
                    version, judge.judged(), judge.withoutEquality());
            assertThat(judge.judged()).isGreaterThan(REQUIRED_VALUES);
        }
        assertThat(differences).isEmpty();
    }

    @Test
    void givesTheTextOfTheNewestVersionForTheOtherTypes() throws SQLException {
        try (TypeJudge judge = new TypeJudge(FIXTURES.get(newest()).database())) {
            for (TypeValues.Column column : TypeValues.columns(newest())) {
                if (column.kind().equals("String")) {
                    int values = column.values().size();
                    assertThat(READINGS.get(newest())
                                    .values(column.table(), column.name())
                                    .subList(0, values))
                            .as(column.type())
                            .containsExactlyElementsOf(
                                    judge.texts(column.table(), column.name()).subList(0, values).stream()
                                            .map(StringValue::new)
                                            .toList());
                }
            }
        }
    }

    /** Settings of the server, the database and the role that shape text, or that would keep a source from reading at all. */
    @ParameterizedTest
    @ValueSource(ints = {10, 18})
    void isNotChangedByTheSettingsOfServerDatabaseAndRole(int version) {
        try (PostgresServer server = HostileSettings.server(version);
                SourceFixture fixture = SourceFixture.on(server)) {
            HostileSettings.setForDatabaseAndRole(fixture);
            TypeReading reading = TypeReading.of(fixture);
            Map<String, ElementValue> expected = READINGS.get(version).cells();
            reading.paths().forEach((path, cells) -> {
                assertThat(cells.keySet())
                        .as(path)
                        .isEqualTo(READINGS.get(version).cells(path).keySet());
                assertEqual(cells, expected, path);
            });
        }
    }
}
