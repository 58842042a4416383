// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;

/** A type without a closer counterpart in the model: PostgreSQL's own text, made of the binary form. */
interface AsText extends BinaryCodec {
    @Override
    default ElementValue decode(byte[] array, int offset, int length) {
        StringBuilder text = new StringBuilder();
        appendText(array, offset, length, text);
        return new StringValue(text.toString());
    }
}
