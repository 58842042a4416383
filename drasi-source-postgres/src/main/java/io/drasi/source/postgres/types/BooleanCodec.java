// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;

/** {@code boolean}: {@code t} or {@code f}. */
final class BooleanCodec implements TypeCodec {
    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor("boolean", array, offset, length);
        boolean value = text.skipIf('t');
        if (!value) {
            text.expect('f');
        }
        text.expectEnd();
        return BoolValue.of(value);
    }
}
