// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import java.time.LocalDate;

/** Appends dates and times as PostgreSQL prints them in DateStyle {@code ISO}. */
final class DateTimeWriter {
    static final String INFINITY = "infinity";
    static final String NEGATIVE_INFINITY = "-infinity";
    private static final int SECONDS_PER_MINUTE = 60;
    private static final int SECONDS_PER_HOUR = 3600;
    private static final int MICROS_PER_SECOND = 1_000_000;

    private DateTimeWriter() {}

    /** The date without the era that goes to the end, see {@link #appendEra}. */
    static void appendDate(LocalDate date, StringBuilder text) {
        int year = date.getYear() > 0 ? date.getYear() : 1 - date.getYear();
        if (year < 1000) {
            text.append("0".repeat(4 - Integer.toString(year).length()));
        }
        text.append(year).append('-');
        appendTwoDigits(date.getMonthValue(), text);
        text.append('-');
        appendTwoDigits(date.getDayOfMonth(), text);
    }

    static void appendEra(LocalDate date, StringBuilder text) {
        if (date.getYear() <= 0) {
            text.append(" BC");
        }
    }

    /** @param micros of the day, 24:00:00 included; or of an interval, with as many hours as there are; unsigned */
    static void appendTime(long micros, StringBuilder text) {
        long seconds = Long.divideUnsigned(micros, MICROS_PER_SECOND);
        appendTwoDigits(seconds / SECONDS_PER_HOUR, text);
        text.append(':');
        appendTwoDigits(seconds / SECONDS_PER_MINUTE % SECONDS_PER_MINUTE, text);
        text.append(':');
        appendTwoDigits(seconds % SECONDS_PER_MINUTE, text);
        int fraction = (int) Long.remainderUnsigned(micros, MICROS_PER_SECOND);
        if (fraction > 0) {
            text.append('.');
            for (int unit = MICROS_PER_SECOND / 10; fraction > 0; unit /= 10) {
                text.append((char) ('0' + fraction / unit));
                fraction %= unit;
            }
        }
    }

    /** @param seconds east of Greenwich */
    static void appendOffset(int seconds, StringBuilder text) {
        text.append(seconds < 0 ? '-' : '+');
        int size = Math.abs(seconds);
        appendTwoDigits(size / SECONDS_PER_HOUR, text);
        if (size % SECONDS_PER_HOUR != 0) {
            text.append(':');
            appendTwoDigits(size / SECONDS_PER_MINUTE % SECONDS_PER_MINUTE, text);
        }
        if (size % SECONDS_PER_MINUTE != 0) {
            text.append(':');
            appendTwoDigits(size % SECONDS_PER_MINUTE, text);
        }
    }

    private static void appendTwoDigits(long number, StringBuilder text) {
        if (number < 10) {
            text.append('0');
        }
        text.append(number);
    }
}
