// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Finds the shortest decimal that stands for a floating-point number and for no other, and of those the nearest, as
 * PostgreSQL prints it from version 12 on: it lies strictly between the middles to the two neighbours. Versions 10 and 11
 * print up to 9 (float4) and 18 (float8) digits, which are shortened here.
 */
public enum ShortestDecimal {
    FLOAT4(1_000_000L, -37, 6, 9, 1 << 24) {
        @Override
        double value(FloatText number) {
            return number.toFloat();
        }

        @Override
        double ulp(double value) {
            return Math.ulp((float) value);
        }

        @Override
        boolean nearerBelow(double value) {
            return (Float.floatToRawIntBits((float) value) & 0x7F_FFFF) == 0 && value > Float.MIN_NORMAL;
        }

        @Override
        boolean isInside(FloatText number, double value) {
            return number.isBetweenMiddlesOfFloats();
        }
    },

    FLOAT8(1_000_000_000_000_000L, -307, 15, 17, 1L << 53) {
        @Override
        double value(FloatText number) {
            return number.toDouble();
        }

        @Override
        double ulp(double value) {
            return Math.ulp(value);
        }

        @Override
        boolean nearerBelow(double value) {
            return (Double.doubleToRawLongBits(value) & 0xF_FFFF_FFFF_FFFFL) == 0 && value > Double.MIN_NORMAL;
        }

        @Override
        boolean isInside(FloatText number, double value) {
            return bounds(Math.abs(value))
                    .holds(BigDecimal.valueOf(number.digits()).scaleByPowerOfTen(number.exponent()));
        }
    };

    private static final BigDecimal HALF = new BigDecimal("0.5");

    private static final int LONGEST_TRIED_FRACTION = 8;
    /** Products with so many digits before the point have enough of them behind it. */
    private static final int MOST_DIGITS_IN_DOUBLES = 9;
    /** The powers of ten below 10 to that power are exact in a double. */
    private static final int EXACT_POWERS = 22;

    private static final double PRODUCT_ERROR = 1e-5;

    private final long safeDigits;
    private final int smallestNormalExponent;
    private final int firstScientificExponent;
    private final int printedDigits;
    private final double maxInteger;

    /**
     * @param safeDigits a decimal with fewer digits survives the way to a binary number and back, so that no shorter one
     *     means the same
     * @param smallestNormalExponent below 10 to that power it doesn't: the binary numbers have fewer digits there
     * @param firstScientificExponent from 10 to that power on the output function writes an exponent
     * @param printedDigits tell each number from all others
     * @param maxInteger an integer below is its own shortest decimal
     */
    ShortestDecimal(
            long safeDigits,
            int smallestNormalExponent,
            int firstScientificExponent,
            int printedDigits,
            double maxInteger) {
        this.safeDigits = safeDigits;
        this.smallestNormalExponent = smallestNormalExponent;
        this.firstScientificExponent = firstScientificExponent;
        this.printedDigits = printedDigits;
        this.maxInteger = maxInteger;
    }

    /** The nearest number of the type. */
    abstract double value(FloatText number);

    /** The distance to the neighbour above. */
    abstract double ulp(double value);

    /** Whether the neighbour below is half as far as the one above; {@code value} is positive. */
    abstract boolean nearerBelow(double value);

    /** Whether {@code number}, which is read as {@code value}, surely lies in no middle. */
    abstract boolean isInside(FloatText number, double value);

    /** Appends a number of the type as the output function of PostgreSQL 12 and later writes it. */
    public void append(double value, StringBuilder text) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            text.append(value); // Java and PostgreSQL use the same words
        } else {
            of(value).appendTo(text, firstScientificExponent);
        }
    }

    /**
     * The double that is nearest to the shortest decimal of a number of the type.
     *
     * @param value finite
     */
    public double toDouble(double value) {
        return of(value).toDouble();
    }

    private FloatText of(double value) {
        boolean negative = Double.doubleToRawLongBits(value) < 0;
        double size = Math.abs(value);
        double power = 1;
        for (int places = 0; places <= LONGEST_TRIED_FRACTION; places++, power *= 10) {
            double digits = Math.rint(size * power);
            if (places == 0 && digits == size && digits < maxInteger) {
                return new FloatText(negative, (long) digits, 0);
            }
            if (digits >= safeDigits) {
                break;
            }
            FloatText tried = new FloatText(negative, (long) digits, -places);
            if (digits > 0 && tried.firstDigitExponent() >= smallestNormalExponent && value(tried) == value) {
                return tried.withoutTrailingZeros();
            }
        }
        return of(print(negative, size));
    }

    /** The number with as many digits as tell it from all others. */
    private FloatText print(boolean negative, double size) {
        int scale = printedDigits - 1 - (int) Math.floor(Math.log10(size));
        if (printedDigits <= MOST_DIGITS_IN_DOUBLES && scale > 0 && scale < EXACT_POWERS) {
            double scaled = size * Math.pow(10, scale);
            double digits = Math.rint(scaled);
            // The product is off by less than that, and the digits are the nearest unless it lies so near to a middle.
            if (Math.abs(Math.abs(scaled - digits) - 0.5) > PRODUCT_ERROR) {
                return new FloatText(negative, (long) digits, -scale);
            }
        }
        BigDecimal printed = new BigDecimal(size).round(new MathContext(printedDigits, RoundingMode.HALF_EVEN));
        return new FloatText(negative, printed.unscaledValue().longValueExact(), -printed.scale());
    }

    /** Appends the number that {@code printed} stands for as the output function of PostgreSQL 12 and later writes it. */
    void append(FloatText printed, StringBuilder text) {
        of(printed).appendTo(text, firstScientificExponent);
    }

    /** The shortest decimal of the number that {@code printed} stands for. */
    FloatText of(FloatText printed) {
        FloatText number = printed.withoutTrailingZeros();
        if (number.digits() == 0
                || (number.digits() < safeDigits && number.firstDigitExponent() >= smallestNormalExponent)) {
            return number;
        }
        return shorten(number, value(number));
    }

    /**
     * Takes digit after digit away from {@code number}, which is the nearest decimal of its length, as long as what is left
     * is read as the same value.
     */
    private FloatText shorten(FloatText number, double value) {
        FloatText shortest = number;
        int exponent = number.exponent();
        long unit = 1;
        while (true) {
            unit *= 10;
            exponent++;
            long digits = number.digits() / unit;
            FloatText below = new FloatText(number.negative(), digits, exponent);
            FloatText above = new FloatText(number.negative(), digits + 1, exponent);
            boolean belowFits = value(below) == value;
            boolean aboveFits = value(above) == value;
            if (!belowFits && !aboveFits) {
                break;
            }
            long closerToAbove = 2 * (number.digits() % unit) - unit;
            if (belowFits && aboveFits && Math.abs(closerToAbove) <= 1) {
                return search(number.negative(), Math.abs(value));
            }
            shortest = aboveFits && (!belowFits || closerToAbove > 0) ? above : below;
        }
        if (shortest.equals(number)) {
            return number;
        }
        // Reading takes a middle for the even one of its neighbours, but it must not be printed for either.
        return isInside(shortest, value) ? shortest.withoutTrailingZeros() : search(number.negative(), Math.abs(value));
    }

    /** Looks at every length, from one digit on, in exact arithmetic. */
    private FloatText search(boolean negative, double value) {
        BigDecimal exact = new BigDecimal(value);
        Bounds bounds = bounds(value);
        for (int precision = 1; ; precision++) {
            BigDecimal nearest = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
            BigDecimal above = exact.round(new MathContext(precision, RoundingMode.CEILING));
            BigDecimal candidate = bounds.holds(nearest) ? nearest : above;
            if (bounds.holds(candidate)) {
                long digits = candidate.unscaledValue().longValueExact();
                return new FloatText(negative, digits, -candidate.scale()).withoutTrailingZeros();
            }
        }
    }

    /** The middles to the two neighbours of {@code value}, which is positive. */
    Bounds bounds(double value) {
        BigDecimal exact = new BigDecimal(value);
        BigDecimal toMiddle = new BigDecimal(ulp(value)).multiply(HALF);
        return new Bounds(exact.subtract(nearerBelow(value) ? toMiddle.multiply(HALF) : toMiddle), exact.add(toMiddle));
    }

    record Bounds(BigDecimal lower, BigDecimal upper) {
        boolean holds(BigDecimal candidate) {
            return candidate.compareTo(lower) > 0 && candidate.compareTo(upper) < 0;
        }
    }
}
