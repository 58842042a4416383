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
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;

/** Writes values without parts as PostgreSQL takes them in; knows nothing of how they were read. */
final class ValueLiteral {
    /** What does not fit into the model's type for its PostgreSQL type. */
    private static final Set<String> SPECIAL =
            Set.of("infinity", "-infinity", "24:00:00", "NaN", "Infinity", "-Infinity");

    private ValueLiteral() {}

    static boolean isSpecial(String literal) {
        return SPECIAL.contains(literal);
    }

    static String of(ElementValue value) {
        if (value instanceof BoolValue bool) {
            return Boolean.toString(bool.value());
        } else if (value instanceof IntegerValue integer) {
            return Long.toString(integer.value());
        } else if (value instanceof FloatValue number) {
            return Double.toString(number.value());
        } else if (value instanceof DecimalValue decimal) {
            return decimal.value().toPlainString();
        } else if (value instanceof StringValue string) {
            return string.value();
        } else if (value instanceof BytesValue bytes) {
            return "\\x" + HexFormat.of().formatHex(bytes.toByteArray());
        }
        return temporal(value);
    }

    private static String temporal(ElementValue value) {
        if (value instanceof LocalDateValue date) {
            return day(date.value()) + era(date.value());
        } else if (value instanceof LocalTimeValue time) {
            return time(time.value());
        } else if (value instanceof LocalDateTimeValue timestamp) {
            return moment(timestamp.value()) + era(timestamp.value().toLocalDate());
        } else if (value instanceof ZonedDateTimeValue timestamp) {
            LocalDateTime moment = timestamp.value().toLocalDateTime();
            return moment(moment) + timestamp.value().getOffset() + era(moment.toLocalDate());
        }
        throw new AssertionError("a value with parts for a type without: " + value);
    }

    private static String moment(LocalDateTime moment) {
        return day(moment.toLocalDate()) + " " + time(moment.toLocalTime());
    }

    /** There is no year 0 in PostgreSQL: it is 1 BC. */
    private static String day(LocalDate day) {
        int year = day.getYear() > 0 ? day.getYear() : 1 - day.getYear();
        return String.format(Locale.ROOT, "%04d-%02d-%02d", year, day.getMonthValue(), day.getDayOfMonth());
    }

    private static String era(LocalDate day) {
        return day.getYear() > 0 ? "" : " BC";
    }

    private static String time(LocalTime time) {
        return String.format(
                Locale.ROOT,
                "%02d:%02d:%02d.%06d",
                time.getHour(),
                time.getMinute(),
                time.getSecond(),
                time.getNano() / 1000);
    }
}
