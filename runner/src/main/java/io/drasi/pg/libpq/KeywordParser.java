// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import java.util.Map;

/** {@code host=localhost dbname='my shop'}: values in single quotes where they hold spaces, {@code \} before a quote or backslash. */
final class KeywordParser {
    private final String text;
    private final Map<String, String> parameters;
    private int position;

    KeywordParser(String text, Map<String, String> parameters) {
        this.text = text;
        this.parameters = parameters;
    }

    void parse() {
        skipSpaces();
        while (position < text.length()) {
            String keyword = keyword();
            parameters.put(keyword, value(keyword));
            skipSpaces();
        }
    }

    private String keyword() {
        int start = position;
        while (position < text.length() && text.charAt(position) != '=' && !isSpace(text.charAt(position))) {
            position++;
        }
        String keyword = text.substring(start, position);
        skipSpaces();
        if (position == text.length() || text.charAt(position) != '=' || keyword.isEmpty()) {
            throw new IllegalArgumentException("the connection string has no '=' behind a keyword");
        }
        position++;
        skipSpaces();
        return keyword;
    }

    private String value(String keyword) {
        boolean quoted = position < text.length() && text.charAt(position) == '\'';
        if (quoted) {
            position++;
        }
        StringBuilder value = new StringBuilder();
        while (position < text.length()) {
            char character = text.charAt(position++);
            if (character == '\\' && position < text.length()) {
                value.append(text.charAt(position++));
            } else if (quoted && character == '\'') {
                return value.toString();
            } else if (!quoted && isSpace(character)) {
                return value.toString();
            } else {
                value.append(character);
            }
        }
        if (quoted) {
            throw new IllegalArgumentException("the connection string has no closing quote for " + keyword);
        }
        return value.toString();
    }

    private void skipSpaces() {
        while (position < text.length() && isSpace(text.charAt(position))) {
            position++;
        }
    }

    private static boolean isSpace(char character) {
        return character == ' ' || (character >= '\t' && character <= '\r');
    }
}
