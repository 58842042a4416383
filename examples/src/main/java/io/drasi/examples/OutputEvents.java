// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementReference;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.SourceChange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Specification, "Output Format": the changes that a source makes of an INSERT, an UPDATE and a DELETE. */
final class OutputEvents {
    private OutputEvents() {}

    /** {@code INSERT INTO users VALUES (12345, 'john_doe', 'john@example.com', true)}. */
    static SourceChange.Insert insert() {
        return new SourceChange.Insert(new Element.Node(metadata(1_704_067_200_000_000_000L), row("john@example.com")));
    }

    /**
     * {@code UPDATE users SET email = …}. The element has the new values. {@code before} is what the server sent of the old
     * row: nothing for most updates, the whole row for a table with {@code REPLICA IDENTITY FULL}.
     */
    static SourceChange.Update update() {
        return new SourceChange.Update(
                new Element.Node(metadata(1_704_153_600_000_000_000L), row("new@example.com")), Optional.empty());
    }

    /** {@code DELETE FROM users WHERE user_id = 12345}; {@code before} has at least the key. */
    static SourceChange.Delete delete() {
        return new SourceChange.Delete(
                metadata(1_704_240_000_000_000_000L),
                Optional.of(ElementProperties.of(Map.of("user_id", new IntegerValue(12_345)))));
    }

    /** {@code effectiveFrom} is the commit time in nanoseconds. */
    private static ElementMetadata metadata(long effectiveFrom) {
        return new ElementMetadata(new ElementReference("pg-source", "users:12345"), List.of("users"), effectiveFrom);
    }

    private static ElementProperties row(String email) {
        Map<String, ElementValue> row = new LinkedHashMap<>();
        row.put("user_id", new IntegerValue(12_345));
        row.put("username", new StringValue("john_doe"));
        row.put("email", new StringValue(email));
        row.put("is_active", BoolValue.of(true));
        return ElementProperties.of(row);
    }
}
