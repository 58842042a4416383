// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Optional;

/** The parts that the text of dates and times is made of, in DateStyle {@code ISO}. */
final class DateTimeText {
    private static final StringValue INFINITY = new StringValue("infinity");
    private static final StringValue NEGATIVE_INFINITY = new StringValue("-infinity");

    private DateTimeText() {}

    /** The infinite value if it is one; java.time has none, so it stays text. */
    static Optional<ElementValue> infinity(TextCursor text) {
        if (text.atDigit()) {
            return Optional.empty();
        }
        if (text.restIs("infinity")) {
            return Optional.of(INFINITY);
        }
        if (text.restIs("-infinity")) {
            return Optional.of(NEGATIVE_INFINITY);
        }
        throw text.malformed();
    }

    /**
     * {@code YYYY-MM-DD}, the year with more digits from 10000 on.
     *
     * @param beforeChrist whether the text ended in {@code  BC}: 1 BC is the year 0 of java.time
     */
    static LocalDate date(TextCursor text, boolean beforeChrist) {
        int year = text.digits(4, 7);
        text.expect('-');
        int month = text.twoDigits();
        text.expect('-');
        int day = text.twoDigits();
        try {
            return LocalDate.of(beforeChrist ? 1 - year : year, month, day);
        } catch (DateTimeException e) {
            throw withCause(text.malformed(), e);
        }
    }

    /** {@code HH:MM:SS}, with up to six digits of a fraction. */
    static LocalTime time(TextCursor text) {
        int hour = text.twoDigits();
        text.expect(':');
        int minute = text.twoDigits();
        text.expect(':');
        int second = text.twoDigits();
        int nanos = text.skipIf('.') ? fraction(text) : 0;
        try {
            return LocalTime.of(hour, minute, second, nanos);
        } catch (DateTimeException e) {
            throw withCause(text.malformed(), e);
        }
    }

    private static int fraction(TextCursor text) {
        int start = text.position();
        int nanos = text.digits(1, 6);
        for (int digits = text.position() - start; digits < 9; digits++) {
            nanos *= 10;
        }
        return nanos;
    }

    private static ValueFormatException withCause(ValueFormatException malformed, DateTimeException cause) {
        malformed.initCause(cause);
        return malformed;
    }
}
