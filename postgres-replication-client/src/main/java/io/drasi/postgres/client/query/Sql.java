// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

/** Quotes names and texts for SQL and for replication commands. */
public final class Sql {
    private Sql() {}

    /**
     * The name in double quotes: it keeps its case and may hold any character.
     *
     * @throws IllegalArgumentException if it is empty or contains the character U+0000
     */
    public static String identifier(String name) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("an identifier must not be empty");
        }
        requireNoZero(name);
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /**
     * The text as a string constant. With a backslash in it the {@code E''} form is used, which means the same whatever
     * {@code standard_conforming_strings} is; replication commands don't know that form, see {@link #plainLiteral}.
     *
     * @throws IllegalArgumentException if it contains the character U+0000
     */
    public static String literal(String text) {
        return text.indexOf('\\') < 0 ? plainLiteral(text) : "E" + plainLiteral(text.replace("\\", "\\\\"));
    }

    /**
     * The text in single quotes, as replication commands take it: a backslash stands for itself.
     *
     * @throws IllegalArgumentException if it contains the character U+0000
     */
    public static String plainLiteral(String text) {
        requireNoZero(text);
        return '\'' + text.replace("'", "''") + '\'';
    }

    private static void requireNoZero(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a text sent to PostgreSQL must not contain the character U+0000");
        }
    }
}
