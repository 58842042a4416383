// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.TypeCodec;
import io.drasi.source.postgres.types.TypeCodecs;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.source.postgres.types.ValueFormatException;

/** Types whose binary form is their text, behind a byte with the version of the format or not. */
final class StringBinaryCodec implements BinaryCodec {
    private static final int VERSION = 1;
    private static final TypeCodec TEXT = TypeCodecs.forType(TypeOid.TEXT);

    private final String typeName;
    private final int prefix;

    private StringBinaryCodec(String typeName, int prefix) {
        this.typeName = typeName;
        this.prefix = prefix;
    }

    static StringBinaryCodec plain(String typeName) {
        return new StringBinaryCodec(typeName, 0);
    }

    /** {@code jsonb}, {@code jsonpath}, {@code ltree}. */
    static StringBinaryCodec versioned(String typeName) {
        return new StringBinaryCodec(typeName, Byte.BYTES);
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        if (prefix > 0 && (length < prefix || array[offset] != VERSION)) {
            throw new ValueFormatException(typeName, array, offset, length);
        }
        return TEXT.decodeText(array, offset + prefix, length - prefix);
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        text.append(((StringValue) decode(array, offset, length)).value());
    }
}
