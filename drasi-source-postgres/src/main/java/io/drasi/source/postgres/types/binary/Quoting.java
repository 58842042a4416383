// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** Appends a part of a value, in double quotes where the text of the whole needs them. */
final class Quoting {
    /** Every type prints these as one of its own, or takes them for a blank. */
    private static final String BLANKS = " \t\n\r\u000B\f";

    private Quoting() {}

    /** @param special what can't stand without quotes, beside quotes, backslashes and blanks */
    static boolean needed(CharSequence part, String special) {
        if (part.length() == 0) {
            return true;
        }
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c == '"' || c == '\\' || BLANKS.indexOf(c) >= 0 || special.indexOf(c) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** With quotes and backslashes doubled, as composites and ranges have them. */
    static void appendDoubling(CharSequence part, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c == '"' || c == '\\') {
                text.append(c);
            }
            text.append(c);
        }
        text.append('"');
    }

    /** With a backslash before quotes and backslashes, as arrays and hstore have them. */
    static void appendEscaping(CharSequence part, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\');
            }
            text.append(c);
        }
        text.append('"');
    }
}
