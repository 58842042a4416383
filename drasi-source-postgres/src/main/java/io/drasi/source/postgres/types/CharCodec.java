// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;

/**
 * The one-byte type {@code "char"}. A byte outside ASCII comes as it is up to version 15, which is no UTF-8, and as a
 * backslash and three octal digits from 16 on: it is given in the latter form.
 */
final class CharCodec implements TypeCodec {
    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        if (length == 1 && array[offset] < 0) {
            return new StringValue("\\" + Integer.toOctalString(array[offset] & 0xFF));
        }
        return TextCodec.INSTANCE.decodeText(array, offset, length);
    }
}
