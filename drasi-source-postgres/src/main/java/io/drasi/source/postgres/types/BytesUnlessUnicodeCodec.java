// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BytesValue;
import java.util.Arrays;

/** Gives the bytes of a value in which there is a text that is not UTF-8. */
final class BytesUnlessUnicodeCodec implements TypeCodec {
    private final TypeCodec codec;

    BytesUnlessUnicodeCodec(TypeCodec codec) {
        this.codec = codec;
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        try {
            return codec.decodeText(array, offset, length);
        } catch (NotUnicodeException e) {
            return BytesValue.owning(Arrays.copyOfRange(array, offset, offset + length));
        }
    }
}
