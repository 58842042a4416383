// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.testkit.Database;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.HexFormat;

/** What a SELECT shows as text, as the value that it stands for; made without the code under test. */
final class SelectedValue {
    private SelectedValue() {}

    /**
     * @param type as {@code format_type} names it, a domain's base type
     * @param text {@link Database#NULL_TEXT} for NULL; a {@code timestamptz} in UTC without the zone
     */
    static ElementValue of(String type, String text) {
        if (text.equals(Database.NULL_TEXT)) {
            return ElementValue.NULL;
        }
        return switch (type) {
            case "smallint", "integer", "bigint", "oid" -> new IntegerValue(Long.parseLong(text));
            case "boolean" -> BoolValue.of(text.equals("t"));
            case "numeric" -> new DecimalValue(new BigDecimal(text));
            case "real" -> new FloatValue(Double.parseDouble(Float.toString(Float.parseFloat(text))));
            case "double precision" -> new FloatValue(Double.parseDouble(text));
            case "bytea" -> BytesValue.owning(HexFormat.of().parseHex(text.substring(2)));
            case "date" -> new LocalDateValue(LocalDate.parse(text));
            case "time without time zone" -> new LocalTimeValue(LocalTime.parse(text));
            case "timestamp without time zone" -> new LocalDateTimeValue(timestamp(text));
            case "timestamp with time zone" ->
                new ZonedDateTimeValue(timestamp(text).atZone(ZoneOffset.UTC));
            default -> {
                if (type.endsWith("[]")) {
                    throw new AssertionError("arrays are not compared here: " + text);
                }
                yield new StringValue(text);
            }
        };
    }

    private static LocalDateTime timestamp(String text) {
        return LocalDateTime.parse(text.replace(' ', 'T'));
    }
}
