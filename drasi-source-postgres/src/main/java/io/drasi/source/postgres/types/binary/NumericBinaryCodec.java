// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import java.math.BigDecimal;

/**
 * {@code numeric}: digits to the base 10,000, the weight of the first, a sign, and how many decimal places are shown. NaN and
 * the infinities are floats.
 */
final class NumericBinaryCodec implements BinaryCodec {
    private static final int NEGATIVE = 0x4000;
    private static final int NAN = 0xC000;
    private static final int INFINITY = 0xD000;
    private static final int NEGATIVE_INFINITY = 0xF000;

    private static final int BASE = 10_000;
    private static final int DIGITS_OF_BASE = 4;
    /** So many digits to the base 10,000 fit into a long, and so many decimal ones. */
    private static final int MAX_LONG_DIGITS = 4;

    private static final int MAX_LONG_DECIMALS = 18;
    private static final int MAX_SCALE = 0x3FFF;
    private static final long[] POWERS_OF_TEN = powersOfTen();

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        Parts parts = new Parts(array, offset, length);
        if (parts.special()) {
            return new FloatValue(parts.toDouble());
        }
        if (parts.digits == 0) {
            return new DecimalValue(BigDecimal.valueOf(0, parts.scale));
        }
        // The value is sum * 10^exponent, and is wanted as unscaled * 10^-scale.
        int shift = (parts.weight - parts.digits + 1) * DIGITS_OF_BASE + parts.scale;
        if (parts.digits <= MAX_LONG_DIGITS
                && Math.abs(shift) <= MAX_LONG_DECIMALS
                && shift + parts.digits * DIGITS_OF_BASE <= MAX_LONG_DECIMALS) {
            long sum = 0;
            for (int i = 0; i < parts.digits; i++) {
                sum = sum * BASE + parts.digit(i);
            }
            long unscaled = shift >= 0 ? sum * POWERS_OF_TEN[shift] : sum / POWERS_OF_TEN[-shift];
            return new DecimalValue(BigDecimal.valueOf(parts.sign == NEGATIVE ? -unscaled : unscaled, parts.scale));
        }
        StringBuilder text = new StringBuilder();
        parts.appendTo(text);
        return new DecimalValue(new BigDecimal(text.toString()));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        Parts parts = new Parts(array, offset, length);
        if (parts.special()) {
            text.append(parts.toDouble()); // Java and PostgreSQL use the same words
        } else {
            parts.appendTo(text);
        }
    }

    private static long[] powersOfTen() {
        long[] powers = new long[MAX_LONG_DECIMALS + 1];
        powers[0] = 1;
        for (int i = 1; i < powers.length; i++) {
            powers[i] = powers[i - 1] * 10;
        }
        return powers;
    }

    private static final class Parts {
        private static final int HEADER_BYTES = 4 * Short.BYTES;

        private final byte[] array;
        private final int start;
        final int digits;
        final int weight;
        final int sign;
        final int scale;

        Parts(byte[] array, int offset, int length) {
            BinaryCursor value = new BinaryCursor("numeric", array, offset, length);
            this.array = array;
            this.start = offset + HEADER_BYTES;
            this.digits = value.readUnsignedInt16();
            this.weight = value.readInt16();
            this.sign = value.readUnsignedInt16();
            this.scale = value.readUnsignedInt16();
            boolean knownSign = sign == 0 || sign == NEGATIVE || special();
            if (!knownSign || value.remaining() != digits * Short.BYTES) {
                throw value.malformed();
            }
            if (special() ? digits > 0 : scale > MAX_SCALE) {
                throw value.malformed();
            }
            for (int i = 0; i < digits; i++) {
                if (digit(i) < 0 || digit(i) >= BASE) {
                    throw value.malformed();
                }
            }
        }

        boolean special() {
            return sign == NAN || sign == INFINITY || sign == NEGATIVE_INFINITY;
        }

        double toDouble() {
            return switch (sign) {
                case INFINITY -> Double.POSITIVE_INFINITY;
                case NEGATIVE_INFINITY -> Double.NEGATIVE_INFINITY;
                default -> Double.NaN;
            };
        }

        int digit(int index) {
            return BinaryCursor.int16(array, start + index * Short.BYTES);
        }

        /** The digit that stands for a multiple of 10,000 to that power. */
        private int digitOf(int power) {
            int index = weight - power;
            return index >= 0 && index < digits ? digit(index) : 0;
        }

        void appendTo(StringBuilder text) {
            if (sign == NEGATIVE) {
                text.append('-');
            }
            text.append(digitOf(Math.max(weight, 0)));
            for (int power = weight - 1; power >= 0; power--) {
                appendPadded(digitOf(power), text);
            }
            if (scale > 0) {
                text.append('.');
                int end = text.length() + scale;
                for (int power = -1; text.length() < end; power--) {
                    appendPadded(digitOf(power), text);
                }
                text.setLength(end);
            }
        }

        private static void appendPadded(int digit, StringBuilder text) {
            text.append((char) ('0' + digit / 1000))
                    .append((char) ('0' + digit / 100 % 10))
                    .append((char) ('0' + digit / 10 % 10))
                    .append((char) ('0' + digit % 10));
        }
    }
}
