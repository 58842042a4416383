// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.NullValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.testkit.Database;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the server whether what was read is what it has: the value is sent back as a literal of its type, and has to be not
 * distinct from the original, and printed like it. The latter tells 1.10 from 1.1 and -0 from 0, and is all there is for
 * types without an equality, like json.
 */
final class TypeJudge implements AutoCloseable {
    private static final String UNDEFINED_FUNCTION = "42883";

    private final Connection connection;
    private final Statement statement;
    private final InputText input;
    private int judged;
    private int withoutEquality;

    /** Sees names as a source does, but also the operators of the extensions. */
    TypeJudge(Database database) throws SQLException {
        this.input = InputText.of(database);
        this.connection = database.connect();
        this.statement = connection.createStatement();
        for (String setting : TypeReading.SESSION) {
            statement.execute(setting);
        }
        statement.execute("SET search_path = pg_catalog, public");
    }

    /** How many values were compared. */
    int judged() {
        return judged;
    }

    /** How many columns have values that the server can only print. */
    int withoutEquality() {
        return withoutEquality;
    }

    /** The values of a column that are not what the server has. */
    List<String> differences(TypeReading reading, String table, String column) throws SQLException {
        String oid = one("SELECT atttypid" + attribute(table, column));
        String type = one("SELECT format_type(atttypid, atttypmod)" + attribute(table, column));
        List<ElementValue> values = reading.values(table, column);
        List<String> rows = new ArrayList<>();
        boolean composed = false;
        for (int i = 0; i < values.size(); i++) {
            ElementValue value = values.get(i);
            composed |= value instanceof ListValue || value instanceof ObjectValue;
            judged += value instanceof NullValue ? 0 : 1;
            rows.add("(" + (i + 1) + ", (" + input.literal(value, oid) + ")::" + type + ")");
        }
        String original = composed ? withoutBounds(column, type) : column;
        String differing = "SELECT '" + table + "." + column
                + " of row ' || id || ': ' || left(format('%s', y), 200) || ' was read as '"
                + " || left(format('%s', x), 200) FROM (VALUES " + String.join(", ", rows) + ") AS read (id, x)"
                + " JOIN (SELECT id, " + original + " AS y FROM " + table + ") AS kept USING (id) WHERE ";
        List<String> differences = new ArrayList<>(column(differing + "format('%s', x) <> format('%s', y)"
                + " OR (x IS NOT DISTINCT FROM NULL) <> (y IS NOT DISTINCT FROM NULL)"));
        try {
            differences.addAll(column(differing + "x IS DISTINCT FROM y"));
        } catch (SQLException e) {
            if (!UNDEFINED_FUNCTION.equals(e.getSQLState())) {
                throw e;
            }
            withoutEquality++;
        }
        return differences;
    }

    private static String attribute(String table, String column) {
        return " FROM pg_attribute WHERE attrelid = '" + table + "'::regclass AND attname = '" + column + "'";
    }

    /** Bounds are not kept: arrays are compared as if all of them began with 1. */
    private static String withoutBounds(String column, String type) {
        return "CASE WHEN " + column + " IS NOT DISTINCT FROM NULL THEN NULL ELSE regexp_replace(format('%s', " + column
                + "), '(\\[-?\\d+:-?\\d+\\])+=\\{', '{', 'g') END::" + type;
    }

    /** A column as the server prints it to a source; where it is NULL, the empty text. */
    List<String> texts(String table, String column) throws SQLException {
        statement.execute("SET search_path = pg_catalog");
        List<String> texts = column("SELECT format('%s', " + column + ") FROM public." + table + " ORDER BY id");
        statement.execute("SET search_path = pg_catalog, public");
        return texts;
    }

    private String one(String sql) throws SQLException {
        return column(sql).get(0);
    }

    private List<String> column(String sql) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            List<String> texts = new ArrayList<>();
            while (result.next()) {
                texts.add(result.getString(1));
            }
            return texts;
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
