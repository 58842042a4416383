// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;
import java.nio.charset.StandardCharsets;

/** {@code uuid}: 16 bytes. */
final class UuidBinaryCodec implements BinaryCodec {
    private static final int BYTES = 16;
    private static final int TEXT_LENGTH = 36;
    private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        return new StringValue(text(array, offset, length));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        text.append(text(array, offset, length));
    }

    private static String text(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(BYTES, "uuid", array, offset, length);
        byte[] text = new byte[TEXT_LENGTH];
        int position = 0;
        for (int i = 0; i < BYTES; i++) {
            if (i == 4 || i == 6 || i == 8 || i == 10) {
                text[position++] = '-';
            }
            byte value = array[offset + i];
            text[position++] = DIGITS[value >> 4 & 0xF];
            text[position++] = DIGITS[value & 0xF];
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }
}
