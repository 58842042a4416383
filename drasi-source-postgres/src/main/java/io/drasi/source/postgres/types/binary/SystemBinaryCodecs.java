// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.postgres.protocol.wire.Lsn;

/** Types of the system's own numbers, which are given as text. */
final class SystemBinaryCodecs {
    private SystemBinaryCodecs() {}

    /** {@code xid}, {@code cid}. */
    static AsText unsigned32(String typeName) {
        IntegerBinaryCodec number = IntegerBinaryCodec.unsigned32(typeName);
        return number::appendText;
    }

    static AsText xid8() {
        return (array, offset, length, text) -> {
            BinaryCursor.requireLength(Long.BYTES, "xid8", array, offset, length);
            text.append(Long.toUnsignedString(BinaryCursor.int64(array, offset)));
        };
    }

    static AsText pgLsn() {
        return (array, offset, length, text) -> {
            BinaryCursor.requireLength(Long.BYTES, "pg_lsn", array, offset, length);
            text.append(new Lsn(BinaryCursor.int64(array, offset)));
        };
    }

    /** {@code (block,row)}. */
    static AsText tid() {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor("tid", array, offset, length);
            text.append('(').append(value.readUnsignedInt32());
            text.append(',').append(value.readUnsignedInt16()).append(')');
            value.expectEnd();
        };
    }

    /** {@code pg_snapshot} and {@code txid_snapshot}: {@code xmin:xmax:those in progress}. */
    static AsText snapshot(String typeName) {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
            int count = value.readCount(Long.BYTES);
            text.append(Long.toUnsignedString(value.readInt64())).append(':');
            text.append(Long.toUnsignedString(value.readInt64())).append(':');
            for (int i = 0; i < count; i++) {
                text.append(i == 0 ? "" : ",").append(Long.toUnsignedString(value.readInt64()));
            }
            value.expectEnd();
        };
    }
}
