// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.SourceChange;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Tables and values at the limits of the server. */
class WideAndLargeIT {
    private static final int MOST_COLUMNS = 1600;
    private static final int LARGE = 200 << 20;

    @SomeVersion
    void readsATableWithAsManyColumnsAsThereCanBe(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            String columns = IntStream.range(1, MOST_COLUMNS)
                    .mapToObj(i -> "c" + i + " int")
                    .collect(Collectors.joining(", "));
            String values = IntStream.range(1, MOST_COLUMNS)
                    .mapToObj(i -> i % 3 == 0 ? "NULL" : Integer.toString(i))
                    .collect(Collectors.joining(", "));
            fixture.execute(
                    "CREATE TABLE wide (id int PRIMARY KEY, " + columns + ")",
                    "INSERT INTO wide VALUES (0, " + values + ")");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            String row = "wide:0 {id=0, "
                    + IntStream.range(1, MOST_COLUMNS)
                            .mapToObj(i -> "c" + i + "=" + (i % 3 == 0 ? "null" : i))
                            .collect(Collectors.joining(", "))
                    + "}";
            assertThat(recorder.snapshot().readable()).containsExactly("insert " + row);
            fixture.execute("UPDATE wide SET id = id");
            assertThat(recorder.changes()).containsExactly("update " + row);
        }
    }

    @SomeVersion
    void readsATableWithoutColumns(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE nothing ()", "INSERT INTO nothing DEFAULT VALUES");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .singleElement()
                    .asString()
                    .startsWith("insert nothing:")
                    .endsWith(" {}");
            fixture.execute("INSERT INTO nothing DEFAULT VALUES", "INSERT INTO nothing DEFAULT VALUES");
            assertThat(recorder.changes()).singleElement().asString().endsWith(" {}");
            assertThat(recorder.changes()).singleElement().asString().endsWith(" {}");
        }
    }

    @SomeVersion
    void readsAValueOf200Megabytes(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE large (id int PRIMARY KEY, s text)",
                    "INSERT INTO large VALUES (1, repeat('0123456789abcdef', " + LARGE / 16 + "))");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            SourceChange.Insert row = recorder.snapshot().rows().get(0);
            requireLarge((StringValue) row.element().properties().get("s").orElseThrow());
            recorder.events().clear();
            fixture.execute("INSERT INTO large SELECT 2, s FROM large");
            SourceChange.Insert insert = (SourceChange.Insert)
                    Recorder.placed(recorder.transaction()).get(0).change();
            requireLarge((StringValue) insert.element().properties().get("s").orElseThrow());
        }
    }

    private static void requireLarge(StringValue value) {
        assertThat(value.value().length()).isEqualTo(LARGE);
        assertThat(value.value().startsWith("0123456789abcdef", LARGE - 16)).isTrue();
    }
}
