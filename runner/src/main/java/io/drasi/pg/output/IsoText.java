// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/**
 * Dates and times in ISO 8601: seconds always, a fraction where there is one, and as java.time has it a sign before
 * years below 0 and past 9999. Written by hand, as a formatter takes longer than all the rest of a line.
 */
final class IsoText {
    private static final int MAX_PLAIN_YEAR = 9999;
    private static final int NANO_DIGITS = 9;

    private final char[] buffer = new char[40];
    private int length;

    char[] buffer() {
        return buffer;
    }

    /** The number of characters of {@link #buffer} that the last value takes. */
    int length() {
        return length;
    }

    IsoText set(LocalDate date) {
        length = 0;
        append(date);
        return this;
    }

    IsoText set(LocalTime time) {
        length = 0;
        append(time);
        return this;
    }

    IsoText set(LocalDateTime time) {
        length = 0;
        append(time.toLocalDate());
        append('T');
        append(time.toLocalTime());
        return this;
    }

    IsoText set(ZonedDateTime time) {
        set(time.toLocalDateTime());
        if (time.getOffset().equals(ZoneOffset.UTC)) {
            append('Z');
        } else {
            append(DateTimeFormatter.ofPattern("xxx").format(time));
        }
        return this;
    }

    private void append(LocalDate date) {
        int year = date.getYear();
        if (year >= 0 && year <= MAX_PLAIN_YEAR) {
            digits(year / 100);
            digits(year % 100);
            append('-');
            digits(date.getMonthValue());
            append('-');
            digits(date.getDayOfMonth());
        } else {
            append(date.toString());
        }
    }

    private void append(LocalTime time) {
        digits(time.getHour());
        append(':');
        digits(time.getMinute());
        append(':');
        digits(time.getSecond());
        int nano = time.getNano();
        if (nano != 0) {
            append('.');
            int end = length + NANO_DIGITS;
            for (int i = end - 1; i >= length; i--) {
                buffer[i] = (char) ('0' + nano % 10);
                nano /= 10;
            }
            while (buffer[end - 1] == '0') {
                end--;
            }
            length = end;
        }
    }

    private void digits(int twoDigits) {
        append((char) ('0' + twoDigits / 10));
        append((char) ('0' + twoDigits % 10));
    }

    private void append(char character) {
        buffer[length++] = character;
    }

    private void append(String text) {
        text.getChars(0, text.length(), buffer, length);
        length += text.length();
    }
}
