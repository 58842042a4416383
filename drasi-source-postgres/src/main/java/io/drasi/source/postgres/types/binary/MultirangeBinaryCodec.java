// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** A multirange: how many ranges, and these. */
final class MultirangeBinaryCodec implements AsText {
    private final String typeName;
    private final BinaryCodec range;

    MultirangeBinaryCodec(String typeName, BinaryCodec range) {
        this.typeName = typeName;
        this.range = range;
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
        int count = value.readCount(Integer.BYTES);
        text.append('{');
        for (int i = 0; i < count; i++) {
            int size = value.readPartLength();
            if (size == BinaryCursor.NULL) {
                throw value.malformed();
            }
            text.append(i == 0 ? "" : ",");
            range.appendText(array, value.skip(size), size, text);
        }
        text.append('}');
        value.expectEnd();
    }
}
