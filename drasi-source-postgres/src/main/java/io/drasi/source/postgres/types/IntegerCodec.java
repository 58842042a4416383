// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.IntegerValue;

/** The integer types, each with its range: {@code int2}, {@code int4}, {@code int8} and the unsigned {@code oid}. */
final class IntegerCodec implements TypeCodec {
    private static final int MAX_DIGITS = 19;

    private final String typeName;
    private final long min;
    private final long max;

    IntegerCodec(String typeName, long min, long max) {
        this.typeName = typeName;
        this.min = min;
        this.max = max;
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        int end = offset + length;
        boolean negative = length > 0 && array[offset] == '-';
        int start = negative ? offset + 1 : offset;
        if (start == end || end - start > MAX_DIGITS) {
            throw malformed(array, offset, length);
        }
        // Summed up below zero, where there is room for the smallest int8.
        long sum = 0;
        for (int i = start; i < end; i++) {
            int digit = array[i] - '0';
            if (digit < 0 || digit > 9) {
                throw malformed(array, offset, length);
            }
            sum = sum * 10 - digit;
        }
        // Nineteen digits overflow by less than one round.
        boolean overflow = sum > 0 || (sum == Long.MIN_VALUE && !negative);
        long value = negative ? sum : -sum;
        if (overflow || value < min || value > max) {
            throw malformed(array, offset, length);
        }
        return new IntegerValue(value);
    }

    private ValueFormatException malformed(byte[] array, int offset, int length) {
        return new ValueFormatException(typeName, array, offset, length);
    }
}
