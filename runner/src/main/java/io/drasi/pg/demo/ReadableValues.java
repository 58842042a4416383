// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Property values for people: short, without control characters. */
final class ReadableValues {
    private static final int MAX_LENGTH = 48;

    private ReadableValues() {}

    /** {@code name=Ada city=NULL}, in the order of the columns. */
    static String row(ElementProperties properties) {
        List<String> parts = new ArrayList<>();
        properties.forEach((name, value) -> parts.add(name + "=" + text(value)));
        return String.join("  ", parts);
    }

    /** {@code stock: 40 → 38} for each property that is not as it was; where the old value is not known, the new one. */
    static String difference(ElementProperties before, ElementProperties after) {
        List<String> parts = new ArrayList<>();
        after.forEach((name, value) -> {
            Optional<ElementValue> old = before.get(name);
            if (old.isEmpty()) {
                parts.add(name + "=" + text(value));
            } else if (!old.get().equals(value)) {
                parts.add(name + ": " + text(old.get()) + " → " + text(value));
            }
        });
        return String.join("  ", parts);
    }

    static String text(ElementValue value) {
        String text = plain(value).replaceAll("\\p{Cntrl}", "·");
        return text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH - 1) + "…";
    }

    private static String plain(ElementValue value) {
        if (value instanceof ElementValue.NullValue) {
            return "NULL";
        } else if (value instanceof ElementValue.StringValue string) {
            return string.value();
        } else if (value instanceof ElementValue.IntegerValue integer) {
            return Long.toString(integer.value());
        } else if (value instanceof ElementValue.DecimalValue decimal) {
            return decimal.value().toPlainString();
        } else if (value instanceof ElementValue.FloatValue number) {
            return Double.toString(number.value());
        } else if (value instanceof ElementValue.BoolValue bool) {
            return Boolean.toString(bool.value());
        } else if (value instanceof ElementValue.LocalDateValue date) {
            return date.value().toString();
        } else if (value instanceof ElementValue.LocalTimeValue time) {
            return time.value().toString();
        } else if (value instanceof ElementValue.LocalDateTimeValue time) {
            return time.value().toString();
        } else if (value instanceof ElementValue.ZonedDateTimeValue time) {
            return time.value().toString();
        } else if (value instanceof ElementValue.BytesValue bytes) {
            return String.format(Locale.ROOT, "%,d bytes", bytes.size());
        } else if (value instanceof ElementValue.ListValue list) {
            return list.values().stream().map(ReadableValues::plain).collect(Collectors.joining(", ", "[", "]"));
        } else if (value instanceof ElementValue.ObjectValue object) {
            return "{" + row(object.properties()) + "}";
        }
        throw new IllegalStateException("unknown value " + value.getClass());
    }
}
