// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Property;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values as real servers print them, compared with what the server itself makes of the decoded value. */
class TypesIT {
    private static final int[] VERSIONS = {10, 14, 18};
    private static final int FIRST_WITH_INFINITE_NUMERIC = 14;

    /** Arrays of the catalog's own row types and of pseudo-types, which no table should have. */
    private static final List<String> ARRAYS_LEFT_OUT =
            List.of("_pg_type", "_pg_attribute", "_pg_proc", "_pg_class", "_cstring", "_record", "_gtsvector");

    private static final String[] SESSION_SETTINGS = {
        "SET client_encoding = 'UTF8'",
        "SET DateStyle = 'ISO, YMD'",
        "SET IntervalStyle = 'postgres'",
        "SET TimeZone = 'UTC'",
        "SET bytea_output = 'hex'",
        "SET extra_float_digits = 3",
        "SET lc_monetary = 'C'",
        "SET search_path = pg_catalog"
    };

    private static final Map<Integer, PostgresServer> SERVERS = new TreeMap<>();
    private static final Map<Integer, Connection> CONNECTIONS = new TreeMap<>();

    @BeforeAll
    static void startServers() throws SQLException {
        for (int version : VERSIONS) {
            PostgresServer server = PostgresServer.builder(version).start();
            SERVERS.put(version, server);
            Connection connection = server.connect("postgres");
            CONNECTIONS.put(version, connection);
            try (Statement statement = connection.createStatement()) {
                for (String setting : SESSION_SETTINGS) {
                    statement.execute(setting);
                }
            }
        }
    }

    @AfterAll
    static void stopServers() throws SQLException {
        for (Connection connection : CONNECTIONS.values()) {
            connection.close();
        }
        SERVERS.values().forEach(PostgresServer::close);
    }

    /** Type by type, literals at the edges of the type. */
    private static Map<String, List<String>> typedValues() {
        Map<String, List<String>> values = new LinkedHashMap<>();
        values.put("boolean", List.of("true", "false"));
        values.put("int2", List.of("-32768", "0", "32767"));
        values.put("int4", List.of("-2147483648", "-1", "2147483647"));
        values.put("int8", List.of("-9223372036854775808", "7", "9223372036854775807"));
        values.put("oid", List.of("0", "2147483648", "4294967295"));
        values.put(
                "float4",
                List.of("0.1", "3.4028235e38", "1.17549435e-38", "1e-45", "16777217", "33554432", "-0", "1e15"));
        values.put(
                "float8",
                List.of("0.1", "1.7976931348623157e308", "5e-324", "1e15", "1e16", "123456789012345680", "-0"));
        values.put(
                "numeric",
                List.of("0", "0.000", "1.10", "-0.00000001", "99999999999999999999.9999999999", "1e1000", "1e-1000"));
        values.put("numeric(12,4)", List.of("1", "-12345678.1234"));
        values.put("bytea", List.of("\\x", "\\x00ff7f80", "\\x5c78"));
        values.put(
                "date",
                List.of(
                        "4714-11-24 BC",
                        "0001-02-29 BC",
                        "0001-12-31 BC",
                        "0001-01-01",
                        "2024-02-29",
                        "10000-01-01",
                        "5874897-12-31"));
        values.put("time", List.of("00:00:00", "04:05:06.7", "23:59:59.999999"));
        values.put(
                "timestamp",
                List.of(
                        "4714-11-24 00:00:00 BC",
                        "0044-03-15 12:00:00.000001 BC",
                        "1969-12-31 23:59:59.5",
                        "2024-02-29 01:02:03",
                        "294276-12-31 23:59:59.999999"));
        values.put(
                "timestamptz",
                List.of(
                        "4714-11-24 00:00:00+00 BC",
                        "0044-03-15 12:00:00+02 BC",
                        "2024-02-29 01:02:03.456-08:30",
                        "294276-12-31 23:59:59.999999+00"));
        return values;
    }

    private static Map<String, List<String>> textValues() {
        Map<String, List<String>> values = new LinkedHashMap<>();
        values.put("text", List.of("", " a\tb\n", "größer ≥ 𝄞", "\uFFFD", "\\N"));
        values.put("varchar(10)", List.of("x", ""));
        values.put("char(5)", List.of("ab", ""));
        values.put("name", List.of("Größe"));
        values.put("\"char\"", List.of("r", ""));
        values.put("uuid", List.of("550E8400-E29B-41D4-A716-446655440000"));
        values.put("json", List.of("{ \"a\":1 , \"a\":2}", "null"));
        values.put("jsonb", List.of("{\"b\":1.10, \"a\":[1,null]}"));
        values.put("date", List.of("infinity", "-infinity"));
        values.put("timestamp", List.of("infinity", "-infinity"));
        values.put("timestamptz", List.of("infinity", "-infinity"));
        values.put("time", List.of("24:00:00"));
        values.put("timetz", List.of("04:05:06.7+02", "24:00:00-15:59"));
        values.put("interval", List.of("1 year 2 mons -3 days 04:05:06.7", "0", "-00:00:00.000001"));
        values.put("money", List.of("-1234567.89"));
        values.put("bit(3)", List.of("101"));
        values.put("varbit", List.of("", "1"));
        values.put("inet", List.of("10.0.0.1", "::1/64"));
        values.put("cidr", List.of("10.0.0.0/8"));
        values.put("macaddr", List.of("08:00:2b:01:02:03"));
        values.put("macaddr8", List.of("08:00:2b:01:02:03:04:05"));
        values.put("point", List.of("(0.1,1e15)", "(-0,1e-5)"));
        values.put("lseg", List.of("[(0.1,0.2),(0.3,1e300)]"));
        values.put("path", List.of("[(0.1,0),(1,1)]", "((0,0),(1,1.1))"));
        values.put("box", List.of("(0.1,0.2),(0.3,0.7)"));
        values.put("polygon", List.of("((0,0),(1,1.1),(2,0))"));
        values.put("line", List.of("{1,-1,0.1}"));
        values.put("circle", List.of("<(0.1,0.2),0.3>"));
        values.put("int4range", List.of("[1,5)", "empty", "(,)"));
        values.put("tstzrange", List.of("[2024-01-01 00:00:00+00,infinity)"));
        values.put("tsvector", List.of("'fat':2A 'cat':3"));
        values.put("pg_lsn", List.of("16/B374D848"));
        values.put("regclass", List.of("pg_class"));
        values.put("tid", List.of("(1,2)"));
        values.put("int2vector", List.of("1 2 3"));
        return values;
    }

    private static List<String> arrays() {
        return List.of(
                "'{}'::int4[]",
                "'{1,NULL,-3}'::int4[]",
                "'{{1,2},{3,NULL}}'::int8[]",
                "'[2:4]={1,2,3}'::int2[]",
                "'[-1:0][5:5]={{1},{2}}'::int4[]",
                "ARRAY['', 'NULL', NULL, 'null', 'a b', 'a,b', '{x}', 'say \"hi\"', 'back\\slash', ' ', 'größer']",
                "ARRAY['\\x00ff'::bytea, '\\x']",
                "ARRAY['2024-01-02 03:04:05'::timestamp, 'infinity']",
                "ARRAY['2024-01-02 03:04:05.5'::timestamptz]",
                "ARRAY['2024-01-02'::date, NULL]",
                "ARRAY['04:05:06'::time]",
                "ARRAY[0.1::float4, 'NaN']",
                "ARRAY[0.1::float8, '-Infinity']",
                "ARRAY[1.10::numeric, 1]",
                "ARRAY[true, NULL, false]",
                "ARRAY['(1,1),(0,0)'::box, '(0.1,0.2),(0,0)']",
                "ARRAY['(0.1,2)'::point]",
                "ARRAY['{\"a\": \"b\\\\c\"}'::jsonb]",
                "ARRAY['550e8400-e29b-41d4-a716-446655440000'::uuid]",
                "ARRAY['pg_class'::name]",
                "ARRAY['r'::\"char\"]",
                "ARRAY['1 day'::interval]",
                "'{1 2}'::int2vector[]",
                "ARRAY['x'::varchar(5)]",
                "ARRAY['[1,2)'::int4range]",
                "'{{{{{{7}}}}}}'::oid[]");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void givesTypedValuesThatTheServerFindsEqual(int version) throws SQLException {
        for (Map.Entry<String, List<String>> type : typedValues().entrySet()) {
            for (String literal : type.getValue()) {
                String expression = expression(literal, type.getKey());
                ElementValue value = decode(version, expression);
                assertThat(value).as(expression).isNotInstanceOf(StringValue.class);
                assertThat(queryOne(version, "SELECT (" + sql(value) + ") IS NOT DISTINCT FROM (" + expression + ")"))
                        .as("%s is %s", expression, value)
                        .isEqualTo("t");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void keepsTheScaleOfNumerics(int version) throws SQLException {
        for (String literal : List.of("0", "0.000", "1.10", "1e10", "1e-20")) {
            String expression = expression(literal, "numeric");
            assertThat(decode(version, expression)).isInstanceOfSatisfying(DecimalValue.class, decimal -> {
                assertThat(decimal.value().toPlainString()).isEqualTo(textOf(version, expression));
                assertThat(Integer.toString(decimal.value().scale()))
                        .isEqualTo(queryOne(version, "SELECT scale(" + expression + ")"));
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void givesNotANumberAndInfinityAsFloats(int version) throws SQLException {
        List<String> types = version < FIRST_WITH_INFINITE_NUMERIC
                ? List.of("float4", "float8")
                : List.of("float4", "float8", "numeric");
        for (String type : types) {
            assertThat(decode(version, expression("NaN", type))).isEqualTo(new FloatValue(Double.NaN));
            assertThat(decode(version, expression("Infinity", type)))
                    .isEqualTo(new FloatValue(Double.POSITIVE_INFINITY));
            assertThat(decode(version, expression("-Infinity", type)))
                    .isEqualTo(new FloatValue(Double.NEGATIVE_INFINITY));
        }
        assertThat(decode(version, expression("NaN", "numeric"))).isEqualTo(new FloatValue(Double.NaN));
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void keepsTheTextOfTheOtherTypes(int version) throws SQLException {
        for (Map.Entry<String, List<String>> type : textValues().entrySet()) {
            for (String literal : type.getValue()) {
                String expression = expression(literal, type.getKey());
                assertThat(decode(version, expression))
                        .as(expression)
                        .isEqualTo(new StringValue(textOf(version, expression)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void givesArraysWithTheElementsThatUnnestGives(int version) throws SQLException {
        for (String expression : arrays()) {
            ElementValue value = decode(version, expression);
            List<ElementValue> elements = new ArrayList<>();
            int dimensions = flatten(value, elements);
            assertThat(Integer.toString(dimensions))
                    .as("dimensions of %s", expression)
                    .isEqualTo(queryOne(version, "SELECT coalesce(array_ndims(" + expression + "), 1)"));
            assertThat(elements).as(expression).isEqualTo(unnested(version, expression));
        }
    }

    @Test
    void givesEqualValuesOnAllVersions() throws SQLException {
        List<String> expressions = new ArrayList<>(arrays());
        for (Map<String, List<String>> values : List.of(typedValues(), textValues())) {
            values.forEach((type, literals) -> literals.forEach(literal -> expressions.add(expression(literal, type))));
        }
        for (String expression : expressions) {
            ElementValue newest = decode(18, expression);
            for (int version : VERSIONS) {
                assertThat(decode(version, expression))
                        .as("%s on %s", expression, version)
                        .isEqualTo(newest);
            }
        }
    }

    @Test
    void findsTheShortestDecimalsThatNewVersionsPrint() throws SQLException {
        List<String> floats = new ArrayList<>();
        List<String> doubles = new ArrayList<>();
        Property.forAll(3_000, random -> {
            float single = Float.intBitsToFloat(random.nextInt());
            floats.add(Float.toString(Float.isFinite(single) ? single : random.nextInt(1 << 28)));
            double value = Double.longBitsToDouble(random.nextLong());
            doubles.add(Double.toString(Double.isFinite(value) ? value : random.nextInt()));
            doubles.add(Double.toString(random.nextLong() / 16.0));
        });
        for (int exponent = 1; exponent < 255; exponent++) {
            floats.add(Float.toString(Float.intBitsToFloat(exponent << 23)));
        }
        for (int exponent = 1; exponent < 2047; exponent++) {
            doubles.add(Double.toString(Double.longBitsToDouble((long) exponent << 52)));
        }
        List<String> newest = each(18, floats, x -> x + "::float4");
        List<String> oldest = each(10, floats, x -> x + "::float4");
        for (int i = 0; i < newest.size(); i++) {
            FloatValue expected = new FloatValue(Double.parseDouble(newest.get(i)));
            assertThat(Decoding.decode(TypeOid.FLOAT4, newest.get(i))).isEqualTo(expected);
            assertThat(Decoding.decode(TypeOid.FLOAT4, oldest.get(i))).isEqualTo(expected);
        }
        List<String> newestPoints = each(18, doubles, x -> "point(0," + x + "::float8)");
        List<String> oldestPoints = each(10, doubles, x -> "point(0," + x + "::float8)");
        for (int i = 0; i < newestPoints.size(); i++) {
            StringValue expected = new StringValue(newestPoints.get(i));
            assertThat(Decoding.decode(TypeOid.POINT, newestPoints.get(i))).isEqualTo(expected);
            assertThat(Decoding.decode(TypeOid.POINT, oldestPoints.get(i))).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void knowsEveryArrayTypeOfTheCatalog(int version) throws SQLException {
        String arrays = "SELECT typname, oid, typdelim FROM pg_type"
                + " WHERE typoutput = 'array_out'::regproc AND oid < 10000 ORDER BY oid";
        List<List<String>> rows = query(version, arrays);
        assertThat(rows).hasSizeGreaterThan(60);
        for (List<String> row : rows) {
            ElementValue empty = Decoding.decode(Long.parseLong(row.get(1)), "{}");
            if (ARRAYS_LEFT_OUT.contains(row.get(0))) {
                assertThat(empty).as(row.get(0)).isInstanceOf(StringValue.class);
            } else {
                assertThat(empty).as(row.get(0)).isEqualTo(new ListValue(List.of()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void takesNoOtherTypeForAnArray(int version) throws SQLException {
        String others = "SELECT typname, oid FROM pg_type WHERE typoutput <> 'array_out'::regproc AND oid < 10000";
        for (List<String> row : query(version, others)) {
            assertThat(TypeCodecs.forType(Long.parseLong(row.get(1))))
                    .as(row.get(0))
                    .isNotInstanceOf(ArrayCodec.class);
        }
    }

    private static String expression(String literal, String type) {
        return "'" + literal.replace("'", "''") + "'::" + type;
    }

    private static ElementValue decode(int version, String expression) throws SQLException {
        List<String> row = query(
                        version, "SELECT pg_typeof(x)::oid, format('%s', x) FROM (SELECT " + expression + " AS x) AS v")
                .get(0);
        return Decoding.decode(Long.parseLong(row.get(0)), row.get(1));
    }

    private static String textOf(int version, String expression) {
        return queryOne(version, "SELECT format('%s', " + expression + ")");
    }

    private static List<String> each(int version, List<String> literals, Function<String, String> expression)
            throws SQLException {
        String values = IntStream.range(0, literals.size())
                .mapToObj(i -> "(" + i + "," + expression.apply("'" + literals.get(i) + "'") + ")")
                .collect(Collectors.joining(","));
        return query(version, "SELECT format('%s', x) FROM (VALUES " + values + ") AS v (i, x) ORDER BY i").stream()
                .map(row -> row.get(0))
                .collect(Collectors.toList());
    }

    private static List<ElementValue> unnested(int version, String expression) throws SQLException {
        List<ElementValue> elements = new ArrayList<>();
        for (List<String> row : query(
                version, "SELECT e IS NULL, pg_typeof(e)::oid, format('%s', e) FROM unnest(" + expression + ") AS e")) {
            boolean isNull = row.get(0).equals("t");
            elements.add(isNull ? ElementValue.NULL : Decoding.decode(Long.parseLong(row.get(1)), row.get(2)));
        }
        return elements;
    }

    /** Adds the elements in order and gives the number of dimensions. */
    private static int flatten(ElementValue value, List<ElementValue> elements) {
        int dimensions = 0;
        for (ElementValue element : ((ListValue) value).values()) {
            if (element instanceof ListValue) {
                dimensions = flatten(element, elements);
            } else {
                elements.add(element);
            }
        }
        return dimensions + 1;
    }

    /** The value as an expression. Days go by their Julian number, so that the server's calendar checks Java's. */
    private static String sql(ElementValue value) {
        if (value instanceof BoolValue bool) {
            return Boolean.toString(bool.value());
        } else if (value instanceof IntegerValue integer) {
            return "'" + integer.value() + "'::int8";
        } else if (value instanceof FloatValue number) {
            return "'" + number.value() + "'";
        } else if (value instanceof DecimalValue decimal) {
            return "'" + decimal.value() + "'::numeric";
        } else if (value instanceof BytesValue bytes) {
            return "decode('" + HexFormat.of().formatHex(bytes.toByteArray()) + "', 'hex')";
        } else if (value instanceof LocalDateValue date) {
            return day(date.value());
        } else if (value instanceof LocalTimeValue time) {
            return "time '00:00' + " + sinceMidnight(time.value());
        } else if (value instanceof LocalDateTimeValue timestamp) {
            return moment(timestamp.value());
        } else if (value instanceof ZonedDateTimeValue timestamp) {
            return "(" + moment(timestamp.value().toLocalDateTime()) + ")::timestamptz";
        }
        throw new AssertionError("no SQL for " + value);
    }

    private static String moment(LocalDateTime value) {
        return day(value.toLocalDate()) + "::timestamp + " + sinceMidnight(value.toLocalTime());
    }

    private static String day(LocalDate value) {
        long julianDayOfEpoch = 2_440_588;
        return String.format(Locale.ROOT, "'J%d'::date", value.toEpochDay() + julianDayOfEpoch);
    }

    private static String sinceMidnight(LocalTime value) {
        return "interval '" + value.toSecondOfDay() + " seconds " + value.get(ChronoField.MICRO_OF_SECOND)
                + " microseconds'";
    }

    private static String queryOne(int version, String sql) {
        try {
            return query(version, sql).get(0).get(0);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    private static List<List<String>> query(int version, String sql) throws SQLException {
        try (Statement statement = CONNECTIONS.get(version).createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<List<String>> rows = new ArrayList<>();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    row.add(result.getString(column));
                }
                rows.add(row);
            }
            return rows;
        }
    }
}
