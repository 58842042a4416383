// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

/**
 * A finite floating-point number as PostgreSQL prints it: {@code ±digits × 10^exponent}.
 *
 * @param digits at least 0, at most 18 decimal digits
 */
record FloatText(boolean negative, long digits, int exponent) {
    private static final int MAX_DIGITS = 18;
    /** The powers of ten that a double holds exactly. */
    private static final double[] EXACT_POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    private static final long MAX_EXACT_DIGITS = 1L << 53;

    /** Reads a number up to the first byte that is no part of one. */
    static FloatText read(TextCursor text) {
        boolean negative = text.skipIf('-');
        long digits = text.digit();
        int count = digits == 0 ? 0 : 1;
        int exponent = 0;
        boolean fraction = false;
        while (text.atDigit() || (!fraction && text.peek() == '.')) {
            if (text.skipIf('.')) {
                fraction = true;
                continue;
            }
            digits = digits * 10 + text.digit();
            if (digits != 0 && ++count > MAX_DIGITS) {
                throw text.malformed();
            }
            exponent -= fraction ? 1 : 0;
        }
        if (text.skipIf('e')) {
            boolean small = text.skipIf('-');
            if (!small) {
                text.expect('+');
            }
            int written = text.digits(2, 3);
            exponent += small ? -written : written;
        }
        return new FloatText(negative, digits, exponent);
    }

    /** The same number without zeros at the end of the digits. */
    FloatText withoutTrailingZeros() {
        if (digits == 0 || digits % 10 != 0) {
            return this;
        }
        long shorter = digits;
        int higher = exponent;
        while (shorter % 10 == 0) {
            shorter /= 10;
            higher++;
        }
        return new FloatText(negative, shorter, higher);
    }

    /** The exponent of the first digit: 0 for 1.5, 2 for 150. */
    int firstDigitExponent() {
        return exponent + Long.toString(digits).length() - 1;
    }

    /** The nearest double. */
    double toDouble() {
        if (canBeDividedExactly()) {
            double magnitude = magnitude();
            return negative ? -magnitude : magnitude;
        }
        return Double.parseDouble(inScientificNotation());
    }

    /** The nearest float. */
    float toFloat() {
        if (isBetweenMiddlesOfFloats()) {
            double magnitude = magnitude();
            return (float) (negative ? -magnitude : magnitude);
        }
        return Float.parseFloat(inScientificNotation());
    }

    /**
     * Whether the number surely lies in no middle between two floats, nor so near that its double does. Then the float that
     * is nearest to its double is also nearest to itself.
     */
    boolean isBetweenMiddlesOfFloats() {
        return canBeDividedExactly() && (Double.doubleToRawLongBits(magnitude()) & 0x1FFF_FFFFL) != 0x1000_0000L;
    }

    /**
     * Appends the number as the output functions of PostgreSQL 12 and later write it.
     *
     * @param firstScientificExponent of the first digit, from which on an exponent is written: 6 for float4, 15 for float8
     */
    void appendTo(StringBuilder text, int firstScientificExponent) {
        FloatText number = withoutTrailingZeros();
        if (number.negative) {
            text.append('-');
        }
        String shown = Long.toString(number.digits);
        int first = number.firstDigitExponent();
        if (first < -4 || first >= firstScientificExponent) {
            text.append(shown.charAt(0));
            if (shown.length() > 1) {
                text.append('.').append(shown, 1, shown.length());
            }
            text.append(first < 0 ? "e-" : "e+");
            int size = Math.abs(first);
            text.append(size < 10 ? "0" : "").append(size);
        } else if (first < 0) {
            text.append("0.").append("0".repeat(-first - 1)).append(shown);
        } else if (number.exponent >= 0) {
            text.append(shown).append("0".repeat(number.exponent));
        } else {
            text.append(shown, 0, first + 1).append('.').append(shown, first + 1, shown.length());
        }
    }

    /** Whether one multiplication or division of two exact doubles gives the nearest double. */
    private boolean canBeDividedExactly() {
        return digits <= MAX_EXACT_DIGITS && Math.abs(exponent) < EXACT_POWERS.length;
    }

    private double magnitude() {
        return exponent < 0 ? digits / EXACT_POWERS[-exponent] : digits * EXACT_POWERS[exponent];
    }

    private String inScientificNotation() {
        return (negative ? "-" : "") + digits + "e" + exponent;
    }
}
