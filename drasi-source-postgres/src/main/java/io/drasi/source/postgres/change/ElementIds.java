// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.source.postgres.schema.TableShape;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Makes element ids: the table's label, {@code :}, and the key's values joined by {@code _}.
 *
 * <p>So that two rows never share an id, {@code \} in a value is written {@code \\}; with several key columns {@code _} in a value is
 * written {@code \_}; and a NULL is written {@code \N}.
 */
final class ElementIds {
    private ElementIds() {}

    /** Adds one key value to an id that begins with the table's prefix. */
    static void append(StringBuilder id, String value, boolean composite) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\\' || (composite && c == '_')) {
                id.append('\\');
            }
            id.append(c);
        }
    }

    /** Marks what stands in the id from {@code start} on, as {@link #append} would have. */
    static void escapeFrom(StringBuilder id, int start, boolean composite) {
        for (int i = start; i < id.length(); i++) {
            char c = id.charAt(i);
            if (c == '\\' || (composite && c == '_')) {
                id.insert(i, '\\');
                i++;
            }
        }
    }

    static void appendNull(StringBuilder id) {
        id.append("\\N");
    }

    /**
     * The id of a row that has no key, from its values: equal rows have equal ids. Made of the values themselves, not of
     * the bytes they came in.
     */
    static String ofContent(TableShape shape, ElementProperties row) {
        StringBuilder content = new StringBuilder();
        for (int i = 0; i < shape.names().size(); i++) {
            append(content, row.get(i).orElse(ElementValue.NULL));
        }
        return shape.idPrefix() + uuid(shape.label() + "\n" + content);
    }

    /** The id of a row that nothing tells apart but its place, which a replay gives again. */
    static String ofPlace(TableShape shape, String place) {
        return shape.idPrefix() + uuid(shape.label() + "\n" + place);
    }

    /** A text that is equal just for equal values, whatever the Java version. */
    private static String canonical(ElementValue value) {
        if (value instanceof ElementValue.DecimalValue decimal) {
            return decimal.value().toPlainString();
        }
        if (value instanceof ElementValue.FloatValue real) {
            return Long.toHexString(Double.doubleToLongBits(real.value()));
        }
        StringBuilder content = new StringBuilder();
        if (value instanceof ElementValue.ListValue list) {
            list.values().forEach(element -> append(content, element));
            return content.toString();
        }
        if (value instanceof ElementValue.ObjectValue object) {
            object.properties()
                    .forEach((name, field) -> append(content.append(name).append('\n'), field));
            return content.toString();
        }
        return value.toString();
    }

    private static void append(StringBuilder content, ElementValue value) {
        String text = canonical(value);
        content.append(value.getClass().getSimpleName())
                .append(' ')
                .append(text.length())
                .append(' ')
                .append(text)
                .append('\n');
    }

    private static UUID uuid(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }
}
