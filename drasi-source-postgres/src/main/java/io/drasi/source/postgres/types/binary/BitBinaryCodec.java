// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** {@code bit} and {@code varbit}: how many bits, and these. */
final class BitBinaryCodec implements AsText {
    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor("bit", array, offset, length);
        int bits = value.readInt32();
        if (bits < 0 || (bits + Byte.SIZE - 1L) / Byte.SIZE != value.remaining()) {
            throw value.malformed();
        }
        text.ensureCapacity(text.length() + bits);
        for (int i = 0; i < bits; i++) {
            int mask = 0x80 >> (i % Byte.SIZE);
            text.append((array[value.position() + i / Byte.SIZE] & mask) == 0 ? '0' : '1');
        }
    }
}
