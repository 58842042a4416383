// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.postgres.client.query.Sql;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A table's name as PostgreSQL stores it.
 *
 * <p>Its <em>label</em> is the table's name, with {@code schema.} in front when the schema is not {@code public}. So that
 * two tables never share a label, {@code \}, {@code :} and {@code .} inside an identifier are written with a {@code \} in
 * front.
 */
public record TableName(String schema, String name) {
    /** The schema that labels leave out. */
    public static final String DEFAULT_SCHEMA = "public";

    public TableName {
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(name, "name");
    }

    /**
     * Reads a label, or the same with {@code public.} in front.
     *
     * @throws IllegalArgumentException if {@code text} has more than one dot that is not escaped, or an empty part
     */
    public static TableName parse(String text) {
        StringBuilder part = new StringBuilder();
        @Nullable String schema = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                part.append(text.charAt(++i));
            } else if (c == '.') {
                if (schema != null) {
                    throw new IllegalArgumentException(
                            "table name '" + text + "' has more than one dot;" + " write a dot inside a name as \\.");
                }
                schema = part.toString();
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        if (part.isEmpty() || (schema != null && schema.isEmpty())) {
            throw new IllegalArgumentException("table name '" + text + "' has an empty part");
        }
        return new TableName(schema == null ? DEFAULT_SCHEMA : schema, part.toString());
    }

    public String label() {
        return schema.equals(DEFAULT_SCHEMA) ? escape(name) : escape(schema) + "." + escape(name);
    }

    /** For SQL: both parts quoted. */
    public String sql() {
        return Sql.identifier(schema) + "." + Sql.identifier(name);
    }

    @Override
    public String toString() {
        return label();
    }

    private static String escape(String identifier) {
        StringBuilder escaped = new StringBuilder(identifier.length());
        for (int i = 0; i < identifier.length(); i++) {
            char c = identifier.charAt(i);
            if (c == '\\' || c == ':' || c == '.') {
                escaped.append('\\');
            }
            escaped.append(c);
        }
        return escaped.toString();
    }
}
