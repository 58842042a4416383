// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** A range: flags, then the bounds that it has. */
final class RangeBinaryCodec implements AsText {
    private static final int EMPTY = 0x01;
    private static final int LOWER_INCLUSIVE = 0x02;
    private static final int UPPER_INCLUSIVE = 0x04;
    private static final int LOWER_INFINITE = 0x08;
    private static final int UPPER_INFINITE = 0x10;
    private static final int KNOWN = 0x1F;
    private static final String SPECIAL = "()[],";

    private final String typeName;
    private final BinaryCodec subtype;

    RangeBinaryCodec(String typeName, BinaryCodec subtype) {
        this.typeName = typeName;
        this.subtype = subtype;
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
        int flags = value.readByte();
        if ((flags & ~KNOWN) != 0) {
            throw value.malformed();
        }
        if ((flags & EMPTY) != 0) {
            text.append("empty");
        } else {
            text.append((flags & LOWER_INCLUSIVE) != 0 ? '[' : '(');
            if ((flags & LOWER_INFINITE) == 0) {
                appendBound(value, text);
            }
            text.append(',');
            if ((flags & UPPER_INFINITE) == 0) {
                appendBound(value, text);
            }
            text.append((flags & UPPER_INCLUSIVE) != 0 ? ']' : ')');
        }
        value.expectEnd();
    }

    private void appendBound(BinaryCursor value, StringBuilder text) {
        int size = value.readPartLength();
        if (size == BinaryCursor.NULL) {
            throw value.malformed();
        }
        StringBuilder bound = new StringBuilder();
        subtype.appendText(value.array(), value.skip(size), size, bound);
        if (Quoting.needed(bound, SPECIAL)) {
            Quoting.appendDoubling(bound, text);
        } else {
            text.append(bound);
        }
    }
}
