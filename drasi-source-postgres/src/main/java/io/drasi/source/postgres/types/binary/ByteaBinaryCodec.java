// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BytesValue;
import java.util.Arrays;
import java.util.HexFormat;

/** {@code bytea}: its bytes. */
final class ByteaBinaryCodec implements BinaryCodec {
    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        return BytesValue.owning(Arrays.copyOfRange(array, offset, offset + length));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        text.append("\\x").append(HexFormat.of().formatHex(array, offset, offset + length));
    }
}
