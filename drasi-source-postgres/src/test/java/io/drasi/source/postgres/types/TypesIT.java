// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Property;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
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

/** Codecs with the catalogs and the floats of real servers; for values of all types there is {@code TypeParityIT}. */
class TypesIT {
    private static final int[] VERSIONS = {10, 14, 18};

    /** Arrays of the catalog's own row types and of pseudo-types, which no table should have. */
    private static final List<String> ARRAYS_LEFT_OUT =
            List.of("_pg_type", "_pg_attribute", "_pg_proc", "_pg_class", "_cstring", "_record", "_gtsvector");

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
                statement.execute("SET extra_float_digits = 3");
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

    private static List<String> each(int version, List<String> literals, Function<String, String> expression)
            throws SQLException {
        String values = IntStream.range(0, literals.size())
                .mapToObj(i -> "(" + i + "," + expression.apply("'" + literals.get(i) + "'") + ")")
                .collect(Collectors.joining(","));
        return query(version, "SELECT format('%s', x) FROM (VALUES " + values + ") AS v (i, x) ORDER BY i").stream()
                .map(row -> row.get(0))
                .collect(Collectors.toList());
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
