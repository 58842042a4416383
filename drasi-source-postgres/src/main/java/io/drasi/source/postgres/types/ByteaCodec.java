// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BytesValue;

/** {@code bytea} in the hex format: {@code \x}, then two digits a byte. */
final class ByteaCodec implements TypeCodec {
    private static final int PREFIX = 2;

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        if (length < PREFIX || length % 2 != 0 || array[offset] != '\\' || array[offset + 1] != 'x') {
            throw malformed(array, offset, length);
        }
        byte[] bytes = new byte[(length - PREFIX) / 2];
        int position = offset + PREFIX;
        for (int i = 0; i < bytes.length; i++, position += 2) {
            int value = hexDigit(array[position]) << 4 | hexDigit(array[position + 1]);
            if (value < 0) {
                throw malformed(array, offset, length);
            }
            bytes[i] = (byte) value;
        }
        return BytesValue.owning(bytes);
    }

    /** The digit's value; negative if it is none. PostgreSQL writes small letters. */
    private static int hexDigit(byte character) {
        if (character >= '0' && character <= '9') {
            return character - '0';
        }
        return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
    }

    private static ValueFormatException malformed(byte[] array, int offset, int length) {
        return new ValueFormatException("bytea", array, offset, length);
    }
}
