// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.Element;
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
import io.drasi.model.SourceChange;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * A change in one line, for assertions: {@code update users:1 {id=1, name="Ann", age=null} before {id=1}}. All of its
 * facts are in it, except the labels of an element (its id begins with them) and the time; a property that is absent is
 * not written.
 */
final class ReadableChange {
    private ReadableChange() {}

    static String of(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            return "insert " + element(insert.element())
                    + insert.previousId().map(id -> " previously " + id).orElse("")
                    + (insert.unchanged().isEmpty() ? "" : " unchanged " + insert.unchanged());
        }
        if (change instanceof SourceChange.Update update) {
            return "update " + element(update.element())
                    + update.before().map(before -> " before " + of(before)).orElse("");
        }
        if (change instanceof SourceChange.Delete delete) {
            return "delete " + delete.metadata().reference().elementId()
                    + delete.before().map(before -> " before " + of(before)).orElse("");
        }
        if (change instanceof SourceChange.Truncate truncate) {
            return "truncate " + truncate.labels() + (truncate.cascade() ? " cascade" : "")
                    + (truncate.restartIdentity() ? " restart identity" : "");
        }
        throw new AssertionError("a PostgreSQL source makes no " + change);
    }

    static List<String> of(List<? extends SourceChange> changes) {
        return changes.stream().map(ReadableChange::of).toList();
    }

    private static String element(Element element) {
        return element.metadata().reference().elementId() + " " + of(element.properties());
    }

    static String of(ElementProperties properties) {
        StringJoiner joiner = new StringJoiner(", ", "{", "}");
        properties.forEach((name, value) -> joiner.add(name + "=" + of(value)));
        return joiner.toString();
    }

    /** Values of different types are never written alike. */
    static String of(ElementValue value) {
        if (value instanceof NullValue) {
            return "null";
        }
        if (value instanceof BoolValue bool) {
            return Boolean.toString(bool.value());
        }
        if (value instanceof IntegerValue integer) {
            return Long.toString(integer.value());
        }
        if (value instanceof FloatValue real) {
            return "float " + real.value();
        }
        if (value instanceof DecimalValue decimal) {
            return "decimal " + decimal.value().toPlainString();
        }
        if (value instanceof StringValue string) {
            return '"' + string.value() + '"';
        }
        if (value instanceof BytesValue || value instanceof ListValue || value instanceof ObjectValue) {
            return composed(value);
        }
        return temporal(value);
    }

    private static String composed(ElementValue value) {
        if (value instanceof ListValue list) {
            return list.values().stream().map(ReadableChange::of).collect(Collectors.joining(", ", "[", "]"));
        }
        return value instanceof ObjectValue object ? of(object.properties()) : value.toString();
    }

    private static String temporal(ElementValue value) {
        if (value instanceof LocalDateValue date) {
            return "date " + date.value();
        }
        if (value instanceof LocalTimeValue time) {
            return "time " + time.value();
        }
        if (value instanceof LocalDateTimeValue timestamp) {
            return "timestamp " + timestamp.value();
        }
        if (value instanceof ZonedDateTimeValue timestamptz) {
            return "timestamptz " + timestamptz.value();
        }
        throw new AssertionError("not known: " + value);
    }
}
