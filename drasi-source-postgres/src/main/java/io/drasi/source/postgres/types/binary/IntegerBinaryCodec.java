// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.IntegerValue;

/** The integer types of a fixed size: {@code int2}, {@code int4}, {@code int8} and the unsigned {@code oid}. */
final class IntegerBinaryCodec implements BinaryCodec {
    private final String typeName;
    private final int size;
    private final boolean unsigned;

    private IntegerBinaryCodec(String typeName, int size, boolean unsigned) {
        this.typeName = typeName;
        this.size = size;
        this.unsigned = unsigned;
    }

    static IntegerBinaryCodec int2() {
        return new IntegerBinaryCodec("int2", Short.BYTES, false);
    }

    static IntegerBinaryCodec int4() {
        return new IntegerBinaryCodec("int4", Integer.BYTES, false);
    }

    static IntegerBinaryCodec int8() {
        return new IntegerBinaryCodec("int8", Long.BYTES, false);
    }

    /** @param typeName oid, or a type whose values are such numbers and are given as text */
    static IntegerBinaryCodec unsigned32(String typeName) {
        return new IntegerBinaryCodec(typeName, Integer.BYTES, true);
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        return new IntegerValue(value(array, offset, length));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        text.append(value(array, offset, length));
    }

    private long value(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(size, typeName, array, offset, length);
        return switch (size) {
            case Short.BYTES -> BinaryCursor.int16(array, offset);
            case Integer.BYTES -> {
                int value = BinaryCursor.int32(array, offset);
                yield unsigned ? Integer.toUnsignedLong(value) : value;
            }
            default -> BinaryCursor.int64(array, offset);
        };
    }
}
