// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.source.postgres.types.ShortestDecimal;

/**
 * {@code float4} and {@code float8}, as IEEE 754 has them. A {@code float4} becomes the double nearest to its shortest
 * decimal.
 */
final class FloatBinaryCodec implements BinaryCodec {
    private static final FloatValue NAN = new FloatValue(Double.NaN);
    /** Up to here a float is just the integer that its shortest decimal says. */
    private static final float MAX_INTEGRAL_FLOAT = 1 << 24;

    private final boolean singlePrecision;

    private FloatBinaryCodec(boolean singlePrecision) {
        this.singlePrecision = singlePrecision;
    }

    static FloatBinaryCodec float4() {
        return new FloatBinaryCodec(true);
    }

    static FloatBinaryCodec float8() {
        return new FloatBinaryCodec(false);
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        double value = read(array, offset, length);
        if (Double.isNaN(value)) {
            return NAN;
        }
        return new FloatValue(singlePrecision ? shortest(value) : value);
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        double value = read(array, offset, length);
        (singlePrecision ? ShortestDecimal.FLOAT4 : ShortestDecimal.FLOAT8).append(value, text);
    }

    private double read(byte[] array, int offset, int length) {
        if (singlePrecision) {
            BinaryCursor.requireLength(Float.BYTES, "float4", array, offset, length);
            return Float.intBitsToFloat(BinaryCursor.int32(array, offset));
        }
        BinaryCursor.requireLength(Double.BYTES, "float8", array, offset, length);
        return Double.longBitsToDouble(BinaryCursor.int64(array, offset));
    }

    private static double shortest(double value) {
        boolean integral = Math.abs(value) <= MAX_INTEGRAL_FLOAT && value == Math.rint(value);
        return integral || Double.isInfinite(value) ? value : ShortestDecimal.FLOAT4.toDouble(value);
    }
}
