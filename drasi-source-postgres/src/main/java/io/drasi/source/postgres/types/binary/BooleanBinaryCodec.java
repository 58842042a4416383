// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;
import io.drasi.source.postgres.types.ValueFormatException;

/** {@code boolean}: one byte, 1 or 0. */
final class BooleanBinaryCodec implements BinaryCodec {
    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        return BoolValue.of(value(array, offset, length));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        text.append(value(array, offset, length) ? 't' : 'f');
    }

    private static boolean value(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(Byte.BYTES, "boolean", array, offset, length);
        byte value = array[offset];
        if (value != 0 && value != 1) {
            throw new ValueFormatException("boolean", array, offset, length);
        }
        return value == 1;
    }
}
