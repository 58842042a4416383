// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The values in {@code type-values.txt}, and the tables that are made of them. */
final class TypeValues {
    private static final Pattern HEADER =
            Pattern.compile("## (.+) -> (\\w+(?:<\\w+>)?)(?: from (\\d+))?(, only text)?");
    private static final String EXPRESSION = "sql ";
    private static final int COLUMNS_OF_A_TABLE = 50;
    /** Names of the tables whose columns can be read in binary, and of the one whose can't. */
    private static final String BINARY = "v";

    private static final String ONLY_TEXT = "text_only";
    private static final int FIRST_WITH_ARRAYS_OF_DOMAINS = 11;
    private static final List<String> DOMAINS_OF_ARRAYS = List.of("tags", "moods", "numbers", "more_numbers", "crates");
    /** The server takes them for arrays when it makes an array of them. */
    private static final List<String> VECTORS = List.of("int2vector", "oidvector");

    private static final List<String> DOMAINS =
            List.of("positive", "small", "amount", "moment", "word", "spot", "earth", "lo");

    private static final List<Column> COLUMNS = read();

    /** What the types in the file need; each with the version that it is for. */
    private static final String[] USER_TYPES = {
        "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube",
        "CREATE EXTENSION earthdistance; CREATE EXTENSION isn; CREATE EXTENSION seg; CREATE EXTENSION intarray",
        "CREATE EXTENSION lo",
        "CREATE TYPE mood AS ENUM ('happy', 'so so', 'a,b \"c\"', 'Größe', 'NULL')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE DOMAIN small AS positive CHECK (VALUE < 100)",
        "CREATE DOMAIN amount AS numeric(10, 2)",
        "CREATE DOMAIN moment AS timestamptz",
        "CREATE DOMAIN word AS text",
        "CREATE DOMAIN tags AS text[]",
        "CREATE DOMAIN moods AS mood[]",
        "CREATE DOMAIN numbers AS int4[]",
        "CREATE DOMAIN more_numbers AS numbers",
        "CREATE DOMAIN crates AS box[]",
        "CREATE TYPE pair AS (a int, b text)",
        "CREATE TYPE single AS (a text)",
        "CREATE TYPE nothing AS ()",
        "CREATE TYPE point3 AS (x float8, y numeric, gone int, z positive)",
        "ALTER TYPE point3 DROP ATTRIBUTE gone",
        "CREATE TYPE place AS (name text, at point3, tags text[], since timestamptz, data bytea, m moods, boxes box[],"
                + " extra hstore, pairs pair[])",
        "CREATE TYPE floatrange AS RANGE (subtype = float8)",
        "CREATE TYPE realrange AS RANGE (subtype = float4)",
        "CREATE TYPE textrange AS RANGE (subtype = text, collation = \"C\")"
    };

    /**
     * One section of the file.
     *
     * @param table that has the column
     * @param kind of {@code ElementValue} that its values become, e.g. {@code Decimal}, {@code List<Integer>}
     * @param from the first version that has the type, or these values of it
     * @param values SQL expressions of the type; the first is in the row with id 1
     */
    record Column(String table, String name, String type, String kind, int from, List<String> values) {
        /** The type without its modifier: {@code numeric} for {@code numeric(12,4)}. */
        String bareType() {
            return type.replaceAll("\\(.*\\)", "");
        }

        boolean onlyText() {
            return table.equals(ONLY_TEXT);
        }

        boolean isArray() {
            return type.endsWith("[]") || DOMAINS_OF_ARRAYS.contains(type);
        }

        /** Whether a column of arrays of this type is made; arrays have no array type. */
        boolean hasArrays(int version) {
            return !isArray()
                    && !VECTORS.contains(type)
                    && (!DOMAINS.contains(type) || version >= FIRST_WITH_ARRAYS_OF_DOMAINS);
        }
    }

    private TypeValues() {}

    /** The columns for the types that a version has, in the order of the file. */
    static List<Column> columns(int version) {
        return COLUMNS.stream().filter(column -> version >= column.from()).toList();
    }

    static List<String> tables() {
        return COLUMNS.stream().map(Column::table).distinct().toList();
    }

    /** The tables whose rows can be read in binary. */
    static List<String> binaryTables() {
        return tables().stream().filter(table -> !table.equals(ONLY_TEXT)).toList();
    }

    /** All tables that are made of the values of one. */
    static List<String> withArraysAndRows(String table) {
        return List.of(table, table + "_arrays", table + "_rows");
    }

    private static List<Column> read() {
        List<Column> columns = new ArrayList<>();
        List<String> values = new ArrayList<>();
        int binary = 0;
        for (String line : lines()) {
            Matcher header = HEADER.matcher(line);
            if (header.matches()) {
                values = new ArrayList<>();
                boolean onlyText = header.group(4) != null;
                binary += onlyText ? 0 : 1;
                columns.add(new Column(
                        onlyText ? ONLY_TEXT : BINARY + binary / COLUMNS_OF_A_TABLE,
                        "c" + columns.size(),
                        header.group(1),
                        header.group(2),
                        header.group(3) == null ? 0 : Integer.parseInt(header.group(3)),
                        values));
            } else if (!line.isEmpty() && !line.startsWith("-- ")) {
                String type = columns.get(columns.size() - 1).type();
                values.add(
                        line.startsWith(EXPRESSION)
                                ? "(" + line.substring(EXPRESSION.length()) + ")::" + type
                                : "'" + line.replace("'", "''") + "'::" + type);
            }
        }
        return List.copyOf(columns);
    }

    private static List<String> lines() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(TypeValues.class.getResourceAsStream("type-values.txt")),
                StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The statements that make the tables and fill them. Of each table {@code v0} with a column for each section, and a row
     * for each value, {@code v0_arrays} has arrays of the values of each column, and {@code v0_rows} its rows as composites.
     */
    static List<String> script(int version) {
        List<String> script = new ArrayList<>(List.of(USER_TYPES));
        if (version >= FIRST_WITH_ARRAYS_OF_DOMAINS) {
            script.add("CREATE DOMAIN spot AS point3 CHECK ((VALUE).x IS NULL OR (VALUE).x > 0)");
        }
        for (String table : tables()) {
            List<Column> columns = columns(version).stream()
                    .filter(column -> column.table().equals(table))
                    .toList();
            script.addAll(values(table, columns));
            script.addAll(arrays(
                    table,
                    columns.stream().filter(column -> column.hasArrays(version)).toList()));
            script.add("CREATE TABLE " + table + "_rows (id int PRIMARY KEY, r " + table + ", rs " + table + "[])");
            script.add("INSERT INTO " + table + "_rows SELECT id, v, CASE id WHEN 1 THEN ARRAY(SELECT w FROM " + table
                    + " w ORDER BY id) END FROM " + table + " v");
            for (String name : withArraysAndRows(table)) {
                script.add("ALTER TABLE " + name + " REPLICA IDENTITY FULL");
            }
        }
        return script;
    }

    private static List<String> values(String table, List<Column> columns) {
        List<String> script = new ArrayList<>();
        script.add("CREATE TABLE " + table + " (id int PRIMARY KEY"
                + join(columns, column -> column.name() + " " + column.type()) + ")");
        int rows = columns.stream()
                .mapToInt(column -> column.values().size())
                .max()
                .orElseThrow();
        IntStream.range(0, rows)
                .forEach(row -> script.add("INSERT INTO " + table + " VALUES (" + (row + 1)
                        + join(
                                columns,
                                column -> row < column.values().size()
                                        ? column.values().get(row)
                                        : "NULL")
                        + ")"));
        return script;
    }

    /** All values with NULLs at the end; the empty array; two dimensions; bounds that do not begin with 1. */
    private static List<String> arrays(String table, List<Column> columns) {
        String arrays = table + "_arrays";
        String first = "(SELECT %1$s FROM " + table + " WHERE id = 1)";
        return List.of(
                "CREATE TABLE " + arrays + " (id int PRIMARY KEY"
                        + join(columns, column -> column.name() + " " + column.type() + "[]") + ")",
                insert(arrays, 1, columns, "ARRAY(SELECT %1$s FROM " + table + " ORDER BY id)::%2$s[]"),
                insert(arrays, 2, columns, "'{}'"),
                insert(arrays, 3, columns, "ARRAY[[" + first + ", NULL], [NULL, " + first + "]]::%2$s[]"),
                insert(arrays, 4, columns, "array_fill(" + first + ", ARRAY[2], ARRAY[-1])::%2$s[]"));
    }

    private static String insert(String table, int id, List<Column> columns, String expression) {
        return "INSERT INTO " + table + " VALUES (" + id
                + join(columns, column -> expression.formatted(column.name(), column.type())) + ")";
    }

    private static String join(List<Column> columns, java.util.function.Function<Column, String> part) {
        return columns.stream().map(part).map(text -> ", " + text).collect(Collectors.joining());
    }
}
