// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The types of extensions that do not come with PostgreSQL, on Debian's PostgreSQL 15: PostGIS, and pgvector, for which
 * Debian has no package for that version. What is not installed is skipped.
 */
class PostgisIT {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql/15");
    private static final Path EXTENSIONS = Path.of("/usr/share/postgresql/15/extension");

    /** Added to the ids of the rows that come by the stream. */
    private static final int STREAMED = 100;

    /** Started when a test first wants it. */
    private static Optional<PostgresServer> shared = Optional.empty();

    /**
     * @param type as {@code format_type} names it
     * @param values in SQL
     */
    record ExtensionType(String extension, String type, List<String> values) {
        static ExtensionType of(String extension, String type, String... values) {
            return new ExtensionType(
                    extension,
                    type,
                    Arrays.stream(values).map(value -> value + "::" + type).toList());
        }

        @Override
        public String toString() {
            return type;
        }
    }

    static List<ExtensionType> types() {
        return List.of(
                ExtensionType.of(
                        "postgis",
                        "geometry",
                        "'POINT(1 -2.5)'",
                        "'SRID=4326;POINT(0.1 1e300)'",
                        "'POINT Z (1 2 3)'",
                        "'POINT M (1 2 3)'",
                        "'SRID=3857;LINESTRING ZM (0 0 1 2, 1 1 3 4)'",
                        "'LINESTRING(0 0, 1 1, 2 0)'",
                        "'POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1))'",
                        "'POINT EMPTY'",
                        "'SRID=3857;POLYGON EMPTY'",
                        "'GEOMETRYCOLLECTION(POINT(1 2), LINESTRING EMPTY, MULTIPOINT((1 2), (3 4)))'",
                        "'CIRCULARSTRING(0 0, 1 1, 2 0)'",
                        "ST_MakeLine(ARRAY(SELECT ST_MakePoint(i, sqrt(i)) FROM generate_series(1, 2000) AS i))"),
                ExtensionType.of(
                        "postgis",
                        "geography",
                        "'POINT(13.4 52.5)'",
                        "'SRID=4267;POINT Z (-0.1 89.9 3)'",
                        "'POINT M (1 2 3)'",
                        "'LINESTRING(0 0, 1 1, 2 0)'",
                        "'POLYGON ZM ((0 0 1 2, 9 0 1 2, 9 9 1 2, 0 0 1 2))'",
                        "'POINT EMPTY'",
                        "'MULTIPOLYGON EMPTY'"),
                ExtensionType.of(
                        "vector", "vector", "'[1,-2.5,3]'", "'[0.1,1e-38,3.4e38]'", "'[16777217]'", "'[0,-0]'"));
    }

    @AfterAll
    static void stop() {
        shared.ifPresent(PostgresServer::close);
        shared = Optional.empty();
    }

    private static SourceFixture on(ExtensionType type) {
        Optional<PostgresVersion> debian = PostgresVersion.installed(DEBIAN);
        assumeTrue(debian.isPresent(), "Debian's PostgreSQL 15 is not installed in " + DEBIAN);
        assumeTrue(
                Files.exists(EXTENSIONS.resolve(type.extension() + ".control")),
                "Debian's PostgreSQL 15 is here without the extension " + type.extension());
        PostgresServer server = shared.orElseGet(
                () -> PostgresServer.builder(debian.orElseThrow()).start());
        shared = Optional.of(server);
        return SourceFixture.on(server);
    }

    @ParameterizedTest
    @MethodSource("types")
    void givesWhatTheServerPrintsByEachPathThatARowCanTake(ExtensionType type) {
        try (SourceFixture fixture = on(type)) {
            createTable(fixture, type);
            insertRows(fixture, type);
            Recorder recorder = fixture.bootstrap();
            List<String> before = rows(fixture);
            assertThat(recorder.snapshot().readable())
                    .containsExactlyInAnyOrderElementsOf(
                            before.stream().map(row -> "insert " + row).toList());

            fixture.execute("INSERT INTO t SELECT id + " + STREAMED + ", v, d, vs, c FROM t ORDER BY id");
            List<String> copies = rows(fixture).subList(before.size(), 2 * before.size());
            assertThat(recorder.changes())
                    .containsExactlyElementsOf(
                            copies.stream().map(row -> "insert " + row).toList());

            // Each takes the values of the next one.
            fixture.execute("DELETE FROM t WHERE id < " + STREAMED);
            assertThat(recorder.changes())
                    .containsExactlyElementsOf(before.stream()
                            .map(row -> "delete " + row.replaceFirst(" ", " before "))
                            .toList());
            fixture.execute("UPDATE t SET v = o.v, d = o.d, vs = o.vs, c = o.c FROM t AS o WHERE o.id = " + STREAMED
                    + " + 1 + (t.id - " + STREAMED + ") % " + before.size());
            List<String> after = rows(fixture);
            assertThat(recorder.changes())
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, after.size())
                            .mapToObj(i -> "update " + after.get(i) + " before "
                                    + copies.get(i).replaceFirst("\\S+ ", ""))
                            .toList());
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void isReadInTextUnlessBinaryIsDemandedWhichIsRefused(ExtensionType type) {
        try (SourceFixture fixture = on(type)) {
            createTable(fixture, type);
            fixture.stream();
            assertThat(RowFormatIT.streamsBinary(fixture)).isFalse();
            assertThat(RowFormatIT.failure(
                            fixture,
                            fixture.builder()
                                    .withRowFormat(RowFormat.BINARY)
                                    .withSlotName(fixture.slotName() + "_binary")))
                    .contains(
                            "row_format is binary",
                            "public.t.v (public." + type.type() + ")",
                            "public.t.d (public.wrapped)",
                            "public.t.vs (public." + type.type() + "[])",
                            "public.t.c (public.several)");
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void goesOnInTextWhenTheExtensionComesWhileRowsAreReadInBinary(ExtensionType type) {
        try (SourceFixture fixture = on(type)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "CREATE PUBLICATION drasi_publication FOR TABLE t");
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO t VALUES (0)");
            assertThat(recorder.changes()).containsExactly("insert t:0 {id=0}");
            assertThat(RowFormatIT.streamsBinary(fixture)).isTrue();
            fixture.execute(
                    "CREATE EXTENSION " + type.extension(),
                    "ALTER TABLE t ADD v " + type.type(),
                    "INSERT INTO t VALUES (1, " + type.values().get(0) + ")");
            recorder.next(SourceEvent.SchemaChanged.class);
            String text = fixture.database().queryOne("SELECT format('%s', v) FROM t WHERE id = 1");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1, v=\"" + text + "\"}");
            assertThat(RowFormatIT.streamsBinary(fixture)).isFalse();
        }
    }

    /** Only this table is published: PostGIS brings one of its own, with some thousand rows. */
    private static void createTable(SourceFixture fixture, ExtensionType type) {
        fixture.execute(
                "CREATE EXTENSION " + type.extension(),
                "CREATE DOMAIN wrapped AS " + type.type(),
                "CREATE TYPE several AS (name text, v " + type.type() + ", vs " + type.type() + "[])",
                "CREATE TABLE t (id int PRIMARY KEY, v " + type.type() + ", d wrapped, vs " + type.type()
                        + "[], c several)",
                "ALTER TABLE t REPLICA IDENTITY FULL",
                "CREATE PUBLICATION drasi_publication FOR TABLE t");
    }

    /** A row for each value, one without any, and two with what arrays and composites can hold besides. */
    private static void insertRows(SourceFixture fixture, ExtensionType type) {
        List<String> values = type.values();
        List<String> rows = new ArrayList<>();
        for (String value : values) {
            rows.add("%1$s, %1$s, ARRAY[%1$s], ROW('a', %1$s, ARRAY[%1$s])::several".formatted(value));
        }
        rows.add("NULL, NULL, NULL, NULL");
        rows.add("%1$s, NULL, '{}', ROW(NULL, NULL, '{}')::several".formatted(values.get(0)));
        rows.add("NULL, %1$s, ARRAY[NULL, %2$s], ROW('b', NULL, ARRAY[%2$s, NULL])::several"
                .formatted(values.get(0), String.join(", ", values.subList(1, 4))));
        for (int id = 1; id <= rows.size(); id++) {
            fixture.execute("INSERT INTO t VALUES (" + id + ", " + rows.get(id - 1) + ")");
        }
    }

    /** The rows as {@link ReadableChange} should write them, by the server alone; ordered by id. */
    private static List<String> rows(SourceFixture fixture) {
        String row = "format('t:%s {id=%s, v=%s, d=%s, vs=%s, c=%s}', id, id, " + text("v") + ", " + text("d") + ", "
                + list("vs")
                + ", CASE WHEN c IS NOT DISTINCT FROM NULL THEN 'null' ELSE format('{name=%s, v=%s, vs=%s}', "
                + text("(c).name") + ", " + text("(c).v") + ", " + list("(c).vs") + ") END)";
        return fixture.database().query("SELECT " + row + " FROM t ORDER BY id").stream()
                .map(columns -> columns.get(0))
                .toList();
    }

    private static String text(String expression) {
        return "CASE WHEN " + expression + " IS NULL THEN 'null' ELSE format('\"%s\"', " + expression + ") END";
    }

    private static String list(String expression) {
        return "CASE WHEN " + expression + " IS NULL THEN 'null' ELSE format('[%s]', (SELECT string_agg("
                + text("element") + ", ', ' ORDER BY number) FROM unnest(" + expression
                + ") WITH ORDINALITY AS u (element, number))) END";
    }
}
