// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.drasi.testkit.Database;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Tables as somebody has them who knows nothing but the JSON lines. Each line is to fit what is there. */
final class RebuiltTables {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();
    private static final Set<String> CHANGES = Set.of("insert", "update", "delete", "truncate");

    private final Map<String, Map<String, Map<String, JsonNode>>> rowsByLabel = new TreeMap<>();
    private final Map<String, Integer> linesByType = new TreeMap<>();
    private Map<String, JsonNode> lastDeleted = Map.of();
    private boolean snapshot;
    private boolean insideTransaction;
    private long snapshotRows;

    RebuiltTables apply(Iterable<String> lines) {
        lines.forEach(this::apply);
        return this;
    }

    /** How many lines of a type came with a transaction, or, for the types that have none, at all. */
    int lines(String type) {
        return linesByType.getOrDefault(type, 0);
    }

    /** How many changes came with transactions. */
    int changes() {
        return CHANGES.stream().mapToInt(this::lines).sum();
    }

    long snapshotRows() {
        return snapshotRows;
    }

    boolean endsWithAWholeTransaction() {
        return !insideTransaction;
    }

    static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new AssertionError("not a JSON object: " + line, e);
        }
    }

    private void apply(String text) {
        JsonNode line = parse(text);
        String type = line.required("type").asText();
        if (line.has("transaction")) {
            insideTransaction = !line.get("transaction").required("last").booleanValue();
        } else if (CHANGES.contains(type)) {
            assertThat(snapshot)
                    .as("a change without transaction is a row of a snapshot: " + text)
                    .isTrue();
            assertThat(type).isEqualTo("insert");
            snapshotRows++;
            insert(line);
            return;
        }
        linesByType.merge(type, 1, Integer::sum);
        switch (type) {
            case "bootstrap-started" -> {
                rowsByLabel.clear();
                snapshot = true;
                snapshotRows = 0;
            }
            case "bootstrap-completed" -> {
                assertThat(line.required("rows").longValue()).isEqualTo(snapshotRows);
                snapshot = false;
            }
            case "insert" -> insert(line);
            case "update" -> update(line);
            case "delete" -> delete(line);
            case "truncate" ->
                line.required("labels").forEach(label -> rows(label.asText()).clear());
            case "schema-changed" -> assertThat(line.required("label").asText()).isNotEmpty();
            default -> throw new AssertionError("unknown type: " + text);
        }
    }

    private void insert(JsonNode line) {
        Map<String, JsonNode> row = new LinkedHashMap<>();
        line.path("unchanged").forEach(name -> row.put(name.asText(), lastDeleted.get(name.asText())));
        line.required("properties").properties().forEach(property -> row.put(property.getKey(), property.getValue()));
        assertThat(rows(line).put(id(line), row))
                .as("row before the insert " + line)
                .isNull();
    }

    private void update(JsonNode line) {
        Map<String, JsonNode> row = rows(line).get(id(line));
        assertThat(row).as("row before the update " + line).isNotNull();
        line.required("properties").properties().forEach(property -> row.put(property.getKey(), property.getValue()));
    }

    private void delete(JsonNode line) {
        Map<String, JsonNode> row = rows(line).remove(id(line));
        assertThat(row).as("row before the delete " + line).isNotNull();
        lastDeleted = row;
    }

    private static String id(JsonNode line) {
        assertThat(line.required("effectiveFrom").isIntegralNumber()).isTrue();
        assertThat(line.required("position").required("lsn").asText()).matches("[0-9A-F]+/[0-9A-F]+");
        return line.required("id").asText();
    }

    private Map<String, Map<String, JsonNode>> rows(JsonNode line) {
        return rows(line.required("labels").required(0).asText());
    }

    private Map<String, Map<String, JsonNode>> rows(String label) {
        return rowsByLabel.computeIfAbsent(label, missing -> new LinkedHashMap<>());
    }

    /** Checks that {@code label} has the very rows of the database's table of that name. */
    void requireEqual(Database database, String label) {
        List<List<String>> columns =
                database.query("SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = '"
                        + label + "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum");
        List<String> expressions = new ArrayList<>();
        columns.forEach(column -> expressions.add(expression(column.get(0), column.get(1))));
        List<List<String>> expected =
                new ArrayList<>(database.query("SELECT " + String.join(", ", expressions) + " FROM " + label));
        List<List<String>> actual = new ArrayList<>();
        for (Map<String, JsonNode> row : rows(label).values()) {
            List<String> texts = new ArrayList<>();
            columns.forEach(column -> texts.add(text(row.get(column.get(0)), column.get(1))));
            actual.add(texts);
        }
        Comparator<List<String>> order = Comparator.comparing(Object::toString);
        expected.sort(order);
        actual.sort(order);
        assertThat(actual).as("rows of " + label).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("row of " + label).isEqualTo(expected.get(i));
        }
    }

    /** SQL that gives the text that {@link #text} makes of the JSON value. */
    private static String expression(String column, String type) {
        String quoted = "\"" + column.replace("\"", "\"\"") + "\"";
        return switch (type) {
            case "bytea" -> "encode(" + quoted + ", 'hex')";
            case "timestamp with time zone" -> "(" + quoted + " AT TIME ZONE 'UTC')::text";
            case "integer[]" -> "to_json(" + quoted + ")::text";
            // A cast to text would take the blanks off.
            case "character" -> "CASE WHEN " + quoted + " IS NOT NULL THEN format('%s', " + quoted + ") END";
            default -> quoted + "::text";
        };
    }

    private static String text(JsonNode value, String type) {
        if (value == null || value.isNull()) {
            return value == null ? "(absent)" : Database.NULL_TEXT;
        }
        try {
            return switch (type) {
                case "bytea" -> HexFormat.of().formatHex(value.binaryValue());
                case "timestamp with time zone", "timestamp without time zone" ->
                    era(value.asText().replace('T', ' ').replace("Z", ""));
                case "date" -> era(value.asText());
                case "integer[]" -> value.toString();
                case "numeric" -> value.isNumber() ? value.decimalValue().toPlainString() : value.asText();
                default -> value.asText();
            };
        } catch (IOException e) {
            throw new AssertionError("not base64: " + value, e);
        }
    }

    /** ISO 8601 counts a year 0, and has a sign before years past 9999; PostgreSQL has BC. */
    private static String era(String text) {
        if (!text.startsWith("-")) {
            return text.startsWith("+") ? text.substring(1) : text;
        }
        int end = text.indexOf('-', 1);
        int year = 1 + Integer.parseInt(text.substring(1, end));
        return String.format("%04d%s BC", year, text.substring(end));
    }
}
