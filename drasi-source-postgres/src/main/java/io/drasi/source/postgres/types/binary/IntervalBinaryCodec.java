// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** {@code interval}: microseconds, days and months, each with a sign of its own, in the words of IntervalStyle {@code postgres}. */
final class IntervalBinaryCodec implements AsText {
    private static final int MONTHS_PER_YEAR = 12;

    private final boolean infinities;

    /** @param infinities whether the largest and the smallest are infinite, as from PostgreSQL 17 on */
    IntervalBinaryCodec(boolean infinities) {
        this.infinities = infinities;
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor("interval", array, offset, length);
        long micros = value.readInt64();
        int days = value.readInt32();
        int months = value.readInt32();
        value.expectEnd();
        if (infinities && micros == Long.MAX_VALUE && days == Integer.MAX_VALUE && months == Integer.MAX_VALUE) {
            text.append(DateTimeWriter.INFINITY);
        } else if (infinities && micros == Long.MIN_VALUE && days == Integer.MIN_VALUE && months == Integer.MIN_VALUE) {
            text.append(DateTimeWriter.NEGATIVE_INFINITY);
        } else {
            append(months, days, micros, text);
        }
    }

    private static void append(int months, int days, long micros, StringBuilder text) {
        int start = text.length();
        boolean negative = appendPart(months / MONTHS_PER_YEAR, "year", false, start, text);
        negative = appendPart(months % MONTHS_PER_YEAR, "mon", negative, start, text);
        negative = appendPart(days, "day", negative, start, text);
        if (micros != 0 || text.length() == start) {
            text.append(text.length() == start ? "" : " ");
            text.append(micros < 0 ? "-" : negative ? "+" : "");
            DateTimeWriter.appendTime(Math.abs(micros), text);
        }
    }

    /**
     * Appends a part that is not zero. A positive one has a sign behind a negative one.
     *
     * @return whether a positive part that comes next needs its sign
     */
    private static boolean appendPart(int number, String unit, boolean afterNegative, int start, StringBuilder text) {
        if (number == 0) {
            return afterNegative;
        }
        text.append(text.length() == start ? "" : " ");
        text.append(afterNegative && number > 0 ? "+" : "");
        text.append(number).append(' ').append(unit).append(number == 1 ? "" : "s");
        return number < 0;
    }
}
