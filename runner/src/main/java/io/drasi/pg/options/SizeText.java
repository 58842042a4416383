// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes with PostgreSQL's units, of 1024 each: {@code 64kB}, {@code 500MB}, {@code 10GB}; a bare number is bytes. */
final class SizeText {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})(?:\\s*(B|kB|MB|GB|TB))?");

    private SizeText() {}

    /**
     * Reads one size, in bytes.
     *
     * @throws IllegalArgumentException if {@code text} is not a size; the message continues the words "must be"
     */
    static long parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (matcher.matches()) {
            long number = Long.parseLong(matcher.group(1));
            int shift = shift(matcher.group(2) == null ? "B" : matcher.group(2));
            if (number <= Long.MAX_VALUE >> shift) {
                return number << shift;
            }
        }
        throw new IllegalArgumentException("a size such as 500MB, 10GB or 1TB");
    }

    private static int shift(String unit) {
        return switch (unit) {
            case "kB" -> 10;
            case "MB" -> 20;
            case "GB" -> 30;
            case "TB" -> 40;
            default -> 0;
        };
    }
}
