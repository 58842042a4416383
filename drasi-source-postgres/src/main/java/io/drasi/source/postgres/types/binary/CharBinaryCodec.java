// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** The one-byte type {@code "char"}: zero is the empty text, a byte outside ASCII a backslash and three octal digits. */
final class CharBinaryCodec implements AsText {
    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor.requireLength(Byte.BYTES, "\"char\"", array, offset, length);
        byte value = array[offset];
        if (value < 0) {
            text.append('\\').append(Integer.toOctalString(value & 0xFF));
        } else if (value > 0) {
            text.append((char) value);
        }
    }
}
