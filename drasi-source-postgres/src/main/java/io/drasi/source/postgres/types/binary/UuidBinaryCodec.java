// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import java.util.UUID;

/** {@code uuid}: 16 bytes. */
final class UuidBinaryCodec implements AsText {
    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor.requireLength(2 * Long.BYTES, "uuid", array, offset, length);
        text.append(new UUID(BinaryCursor.int64(array, offset), BinaryCursor.int64(array, offset + Long.BYTES)));
    }
}
