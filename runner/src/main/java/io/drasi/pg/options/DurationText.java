// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 500ms}, {@code 10s}, {@code 2m}, {@code 1h}; a bare number is seconds. */
public final class DurationText {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(?:\\s*(ms|s|m|min|h))?");

    private DurationText() {}

    /**
     * Reads one duration.
     *
     * @throws IllegalArgumentException if {@code text} is not a duration; the message continues the words "must be"
     */
    public static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("a duration such as 500ms, 10s, 2m or 1h");
        }
        long number = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        return switch (unit) {
            case "ms" -> Duration.ofMillis(number);
            case "m", "min" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofSeconds(number);
        };
    }

    /** A whole number of the largest unit that gives one, in a form that {@link #parse} reads. */
    static String of(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
}
