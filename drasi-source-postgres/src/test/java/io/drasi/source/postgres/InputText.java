// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementProperties;
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
import io.drasi.model.ElementValue.NullValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.testkit.Database;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.JulianFields;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Values as text that PostgreSQL reads as a value of their type. Days go by their Julian number, so that the server's
 * calendar checks Java's.
 */
final class InputText {
    private static final String TYPES = """
            SELECT t.oid, t.typname,
              CASE WHEN t.typoutput = 'array_out'::regproc AND t.typtype = 'b' THEN 'array' ELSE t.typtype::text END,
              CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, e.typdelim,
              CASE WHEN t.typtype = 'c' THEN (SELECT string_agg(a.atttypid::text, ',' ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END
            FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem""";

    private final Map<String, Type> types = new HashMap<>();

    /**
     * @param kind {@code array}, or what typtype says
     * @param part the OID of the elements or of the type under a domain
     */
    private record Type(String name, String kind, String part, String delimiter, List<String> fields) {}

    private InputText() {}

    /** Knows the types that the database has now. */
    static InputText of(Database database) {
        InputText text = new InputText();
        for (List<String> row : database.query(TYPES)) {
            List<String> fields = row.get(5).equals(Database.NULL_TEXT)
                    ? List.of()
                    : List.of(row.get(5).split(","));
            text.types.put(row.get(0), new Type(row.get(1), row.get(2), row.get(3), row.get(4), fields));
        }
        return text;
    }

    /** A literal without a type; NULL is NULL. */
    String literal(ElementValue value, String oid) {
        return value instanceof NullValue ? "NULL" : "'" + text(value, oid).replace("'", "''") + "'";
    }

    private String text(ElementValue value, String oid) {
        Type type = types.get(oid);
        if (type.kind().equals("d")) {
            return text(value, type.part());
        }
        if (value instanceof ListValue list) {
            return list.values().stream()
                    .map(element -> element(element, oid))
                    .collect(Collectors.joining(type.delimiter(), "{", "}"));
        }
        if (value instanceof ObjectValue object) {
            return type.name().equals("hstore")
                    ? pairs(object.properties())
                    : fields(object.properties(), type.fields());
        }
        // Version 10 reads a float4 as a float8 first: it needs more digits than the shortest decimal has.
        return value instanceof FloatValue real && type.name().equals("float4")
                ? Double.toString(Float.parseFloat(Double.toString(real.value())))
                : scalar(value);
    }

    /** A list in an array is its next dimension. */
    private String element(ElementValue element, String arrayOid) {
        if (element instanceof NullValue) {
            return "NULL";
        }
        return element instanceof ListValue
                ? text(element, arrayOid)
                : quoted(text(element, types.get(arrayOid).part()));
    }

    private String fields(ElementProperties properties, List<String> fieldOids) {
        List<String> fields = new ArrayList<>();
        properties.forEach((name, value) -> {
            String oid = fieldOids.get(fields.size());
            fields.add(value instanceof NullValue ? "" : quoted(text(value, oid)));
        });
        return "(" + String.join(",", fields) + ")";
    }

    private static String pairs(ElementProperties properties) {
        List<String> pairs = new ArrayList<>();
        properties.forEach((key, value) ->
                pairs.add(quoted(key) + "=>" + (value instanceof NullValue ? "NULL" : quoted(scalar(value)))));
        return String.join(",", pairs);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String scalar(ElementValue value) {
        if (value instanceof StringValue string) {
            return string.value();
        } else if (value instanceof BoolValue bool) {
            return Boolean.toString(bool.value());
        } else if (value instanceof IntegerValue integer) {
            return Long.toString(integer.value());
        } else if (value instanceof FloatValue real) {
            return Double.toString(real.value());
        } else if (value instanceof DecimalValue decimal) {
            return decimal.value().toPlainString();
        } else if (value instanceof BytesValue bytes) {
            return "\\x" + HexFormat.of().formatHex(bytes.toByteArray());
        } else if (value instanceof LocalTimeValue time) {
            return time.value().toString();
        } else if (value instanceof LocalDateValue date) {
            return julianDay(date.value());
        } else if (value instanceof LocalDateTimeValue timestamp) {
            return moment(timestamp.value());
        } else if (value instanceof ZonedDateTimeValue timestamptz) {
            return moment(timestamptz.value().toLocalDateTime()) + "+00";
        }
        throw new AssertionError("not known: " + value);
    }

    private static String moment(LocalDateTime value) {
        return julianDay(value.toLocalDate()) + " " + value.toLocalTime();
    }

    private static String julianDay(LocalDate value) {
        return "J" + JulianFields.JULIAN_DAY.getFrom(value);
    }
}
