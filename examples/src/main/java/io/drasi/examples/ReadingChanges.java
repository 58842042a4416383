// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;

/**
 * Specification, "Output Format", "Element ID Generation" and "Labels", from the reader's side.
 *
 * <p>An element id is the label of the table, a colon and the key's values: {@code users:12345}, {@code
 * order_items:1001_5}; without a key a UUID stands in their place. The label is the table's name, with its schema unless
 * that is {@code public}: {@code users}, {@code sales.orders}.
 */
final class ReadingChanges {
    private ReadingChanges() {}

    /** One line about a change, e.g. {@code + users:12345 [users] {user_id=12345, email=a@b.c}}. */
    static String describe(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            return "+ " + describe(insert.element())
                    + insert.previousId().map(id -> ", was " + id).orElse("");
        }
        if (change instanceof SourceChange.Update update) {
            return "~ " + describe(update.element());
        }
        if (change instanceof SourceChange.Delete delete) {
            return "- " + describe(delete.metadata());
        }
        if (change instanceof SourceChange.Truncate truncate) {
            return "- all of " + truncate.labels();
        }
        return change.toString();
    }

    /**
     * The value of a property after an update. An update leaves out a property that it did not change when the server
     * doesn't know its value (a large value, stored out of line): absent means "as before". SQL NULL is present.
     */
    static ElementValue after(SourceChange.Update update, String property, ElementValue asBefore) {
        return update.element().properties().get(property).orElse(asBefore);
    }

    private static String describe(Element element) {
        StringBuilder text = new StringBuilder(describe(element.metadata())).append(" {");
        ElementProperties properties = element.properties();
        int start = text.length();
        properties.forEach((name, value) -> text.append(text.length() == start ? "" : ", ")
                .append(name)
                .append('=')
                .append(plain(value)));
        return text.append('}').toString();
    }

    private static String describe(ElementMetadata metadata) {
        return metadata.reference().elementId() + " " + metadata.labels();
    }

    private static Object plain(ElementValue value) {
        if (value instanceof ElementValue.NullValue) {
            return "NULL";
        }
        if (value instanceof ElementValue.IntegerValue integer) {
            return integer.value();
        }
        if (value instanceof ElementValue.StringValue string) {
            return string.value();
        }
        if (value instanceof ElementValue.DecimalValue decimal) {
            return decimal.value();
        }
        return value;
    }
}
