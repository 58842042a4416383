// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.Position;
import io.drasi.model.PropertyNames;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonLinesTest {
    private static final long LSN = 0x16B3748;

    private static String print(Optional<String> source, SourceEvent... events) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CountedOutput output = new CountedOutput(bytes)) {
            JsonLines lines = new JsonLines(output, source);
            for (SourceEvent event : events) {
                lines.print(event);
            }
            output.flush();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String print(SourceChange... changes) {
        return print(Optional.empty(), Events.transaction(LSN, changes));
    }

    static String value(ElementValue value) {
        String line = print(Events.insert("t:1", "v", value));
        String start = "\"properties\":{\"v\":";
        return line.substring(line.indexOf(start) + start.length(), line.indexOf("},\"position\""));
    }

    @Test
    void printsTheLineOfTheDesign() {
        assertThat(print(Events.insert(
                        "users:12345",
                        "user_id",
                        new ElementValue.IntegerValue(12345),
                        "email",
                        new ElementValue.StringValue("a@b.c"))))
                .isEqualTo("""
                        {"type":"insert","id":"users:12345","labels":["users"],"effectiveFrom":1704067200000000000,\
                        "properties":{"user_id":12345,"email":"a@b.c"},"position":{"lsn":"0/16B3748","ordinal":0},\
                        "transaction":{"xid":771,"commitLsn":"0/16B3748","endLsn":"0/16B3780",\
                        "commitTime":"2024-01-01T00:00:00Z","last":true}}
                        """);
    }

    @Test
    void marksTheLastLineOfATransaction() {
        assertThat(print(Events.insert("t:1"), Events.insert("t:2"), Events.insert("t:3"))
                        .lines())
                .extracting(line -> line.contains("\"last\":true"))
                .containsExactly(false, false, true);
    }

    @Test
    void printsWhatWasBeforeAnUpdateOrDelete() {
        ElementProperties before = Events.properties("a", new ElementValue.IntegerValue(1));
        String[] lines = print(
                        new SourceChange.Update(
                                Events.element("t:1", "a", new ElementValue.IntegerValue(2)), Optional.of(before)),
                        new SourceChange.Update(
                                Events.element("t:1", "a", new ElementValue.IntegerValue(3)), Optional.empty()),
                        new SourceChange.Delete(Events.metadata("t:1"), Optional.of(before)),
                        new SourceChange.Delete(Events.metadata("t:2"), Optional.empty()))
                .split("\n", -1);
        assertThat(lines[0]).startsWith("{\"type\":\"update\",\"id\":\"t:1\"").endsWith(",\"before\":{\"a\":1}}");
        assertThat(lines[1]).contains("\"properties\":{\"a\":3}").doesNotContain("before");
        assertThat(lines[2])
                .startsWith("{\"type\":\"delete\",\"id\":\"t:1\",\"labels\":[\"t\"]")
                .endsWith(",\"before\":{\"a\":1}}")
                .doesNotContain("properties");
        assertThat(lines[3]).contains("\"id\":\"t:2\"").doesNotContain("before");
        assertThat(lines[4]).isEmpty();
    }

    @Test
    void printsAKeyChangeAsDeleteAndInsertWithThePreviousId() {
        SourceChange insert =
                new SourceChange.Insert(Events.element("users:7"), Optional.of("users:5"), List.of("bio"));
        assertThat(print(new SourceChange.Delete(Events.metadata("users:5"), Optional.empty()), insert)
                        .lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("{\"type\":\"delete\",\"id\":\"users:5\""),
                        line -> assertThat(line)
                                .startsWith("{\"type\":\"insert\",\"id\":\"users:7\",\"previousId\":\"users:5\","
                                        + "\"unchanged\":[\"bio\"],\"labels\":[\"users\"]"));
    }

    @Test
    void printsATruncate() {
        assertThat(print(new SourceChange.Truncate(List.of("a", "s.b"), 5, true, false)))
                .startsWith("{\"type\":\"truncate\",\"labels\":[\"a\",\"s.b\"],\"effectiveFrom\":5,\"cascade\":true,"
                        + "\"restartIdentity\":false,\"position\":{");
    }

    @Test
    void printsASnapshotBetweenItsBeginAndEnd() {
        Position position = Position.before(LSN);
        assertThat(print(
                        Optional.empty(),
                        new SourceEvent.BootstrapStarted(
                                position, Instant.parse("2024-01-01T00:00:00.5Z"), List.of("users")),
                        new SourceEvent.BootstrapBatch(
                                "users", List.of(Events.insert("users:1"), Events.insert("users:2"))),
                        new SourceEvent.BootstrapCompleted(position, 2)))
                .isEqualTo("""
                        {"type":"bootstrap-started","position":{"lsn":"0/16B3748","ordinal":-1},\
                        "snapshotTime":"2024-01-01T00:00:00.500Z","labels":["users"]}
                        {"type":"insert","id":"users:1","labels":["users"],"effectiveFrom":1704067200000000000,\
                        "properties":{},"position":{"lsn":"0/16B3748","ordinal":-1}}
                        {"type":"insert","id":"users:2","labels":["users"],"effectiveFrom":1704067200000000000,\
                        "properties":{},"position":{"lsn":"0/16B3748","ordinal":-1}}
                        {"type":"bootstrap-completed","position":{"lsn":"0/16B3748","ordinal":-1},"rows":2}
                        """);
    }

    @Test
    void printsWhatBecomesOfAPreparedTransaction() {
        Instant time = Instant.parse("2024-01-01T00:00:00Z");
        assertThat(print(
                        Optional.empty(),
                        new SourceEvent.TransactionPrepared("a\"b", 771, time, LSN),
                        new SourceEvent.PreparedTransactionEnded("a\"b", 771, LSN, time, LSN + 0x38, true),
                        new SourceEvent.PreparedTransactionEnded("c", 772, LSN, time, LSN + 0x38, false)))
                .isEqualTo("""
                        {"type":"transaction-prepared","gid":"a\\"b","xid":771,"prepareLsn":"0/16B3748",\
                        "prepareTime":"2024-01-01T00:00:00Z"}
                        {"type":"prepared-committed","gid":"a\\"b","xid":771,"prepareLsn":"0/16B3748",\
                        "endTime":"2024-01-01T00:00:00Z","endLsn":"0/16B3780"}
                        {"type":"prepared-rolled-back","gid":"c","xid":772,"prepareLsn":"0/16B3748",\
                        "endTime":"2024-01-01T00:00:00Z","endLsn":"0/16B3780"}
                        """);
    }

    @Test
    void printsASchemaChange() {
        assertThat(print(
                        Optional.empty(),
                        new SourceEvent.SchemaChanged(
                                new Position(LSN, 0),
                                "users",
                                Optional.of("people"),
                                List.of("id", "age"),
                                List.of("column \"age\" integer was added"),
                                true)))
                .isEqualTo("""
                        {"type":"schema-changed","label":"users","previousLabel":"people","columns":["id","age"],\
                        "changes":["column \\"age\\" integer was added"],"idsInvalidated":true,\
                        "position":{"lsn":"0/16B3748","ordinal":0}}
                        """);
    }

    @Test
    void namesTheSourceWhenThereAreSeveral() {
        assertThat(print(Optional.of("shop"), Events.transaction(LSN, Events.insert("t:1"))))
                .startsWith("{\"type\":\"insert\",\"source\":\"shop\",\"id\":\"t:1\"");
    }

    @Test
    void leavesOutAbsentPropertiesAndKeepsNull() {
        ElementValue[] values = {new ElementValue.IntegerValue(1), null, ElementValue.NULL};
        SourceChange update = new SourceChange.Update(
                new io.drasi.model.Element.Node(
                        Events.metadata("t:1"),
                        ElementProperties.owning(PropertyNames.of(List.of("a", "b", "c")), values)),
                Optional.empty());
        assertThat(print(update)).contains("\"properties\":{\"a\":1,\"c\":null}");
    }

    @Test
    void keepsEveryDigitOfNumbers() {
        assertThat(value(new ElementValue.IntegerValue(Long.MIN_VALUE))).isEqualTo("-9223372036854775808");
        assertThat(value(new ElementValue.DecimalValue(new BigDecimal("1.10")))).isEqualTo("1.10");
        assertThat(value(new ElementValue.DecimalValue(new BigDecimal("1E+3")))).isEqualTo("1000");
        String long16383 = "0." + "0".repeat(16_382) + "1";
        assertThat(value(new ElementValue.DecimalValue(new BigDecimal(long16383))))
                .isEqualTo(long16383);
        String huge = "9".repeat(131_072);
        assertThat(value(new ElementValue.DecimalValue(new BigDecimal(huge)))).isEqualTo(huge);
    }

    @Test
    void printsFloatsShortAndTheSpecialOnesAsStrings() {
        assertThat(value(new ElementValue.FloatValue(0.1))).isEqualTo("0.1");
        assertThat(value(new ElementValue.FloatValue(2.0E-3))).isEqualTo("0.002");
        assertThat(Double.parseDouble(value(new ElementValue.FloatValue(Double.MIN_VALUE))))
                .isEqualTo(Double.MIN_VALUE);
        assertThat(value(new ElementValue.FloatValue(-0.0))).isEqualTo("-0.0");
        assertThat(value(new ElementValue.FloatValue(Double.NaN))).isEqualTo("\"NaN\"");
        assertThat(value(new ElementValue.FloatValue(Double.POSITIVE_INFINITY))).isEqualTo("\"Infinity\"");
        assertThat(value(new ElementValue.FloatValue(Double.NEGATIVE_INFINITY))).isEqualTo("\"-Infinity\"");
    }

    @Test
    void printsDatesAndTimesInIso8601() {
        assertThat(value(new ElementValue.LocalDateValue(LocalDate.of(2024, 2, 29))))
                .isEqualTo("\"2024-02-29\"");
        assertThat(value(new ElementValue.LocalDateValue(LocalDate.of(12024, 2, 29))))
                .isEqualTo("\"+12024-02-29\"");
        assertThat(value(new ElementValue.LocalDateValue(LocalDate.of(-43, 3, 15))))
                .isEqualTo("\"-0043-03-15\"");
        assertThat(value(new ElementValue.LocalTimeValue(LocalTime.of(9, 0)))).isEqualTo("\"09:00:00\"");
        assertThat(value(new ElementValue.LocalTimeValue(LocalTime.of(9, 0, 1, 123_000))))
                .isEqualTo("\"09:00:01.000123\"");
        LocalDateTime time = LocalDateTime.of(2024, 1, 1, 0, 0);
        assertThat(value(new ElementValue.LocalDateTimeValue(time))).isEqualTo("\"2024-01-01T00:00:00\"");
        assertThat(value(new ElementValue.ZonedDateTimeValue(time.atZone(ZoneOffset.UTC))))
                .isEqualTo("\"2024-01-01T00:00:00Z\"");
        assertThat(value(
                        new ElementValue.LocalDateTimeValue(LocalDateTime.of(294276, 12, 31, 23, 59, 59, 999_999_000))))
                .isEqualTo("\"+294276-12-31T23:59:59.999999\"");
    }

    @Test
    void printsBytesListsAndObjects() {
        assertThat(value(ElementValue.BytesValue.copyOf(new byte[] {0, -1, 62, 63})))
                .isEqualTo("\"AP8+Pw==\"");
        assertThat(value(new ElementValue.ListValue(List.of(
                        new ElementValue.ListValue(List.of(ElementValue.BoolValue.of(true), ElementValue.NULL)),
                        new ElementValue.ListValue(List.of())))))
                .isEqualTo("[[true,null],[]]");
        assertThat(value(new ElementValue.ObjectValue(
                        Events.properties("x", new ElementValue.StringValue("y"), "n", ElementValue.NULL))))
                .isEqualTo("{\"x\":\"y\",\"n\":null}");
    }

    @Test
    void escapesWhatJsonMustEscapeAndKeepsOneLine() throws IOException {
        String text = "quote \" backslash \\ newline \n tab \t bell \u0007 umlaut ä emoji 😀 \u2028";
        String line = print(Events.insert("t:\"1\"\n", "na\"me\n", new ElementValue.StringValue(text)));
        assertThat(line.strip()).doesNotContain("\n");
        JsonNode json = new ObjectMapper().readTree(line);
        assertThat(json.get("id").asText()).isEqualTo("t:\"1\"\n");
        assertThat(json.get("properties").get("na\"me\n").asText()).isEqualTo(text);
    }
}
