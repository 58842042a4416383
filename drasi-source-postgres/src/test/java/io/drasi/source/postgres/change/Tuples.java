// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Makes rows without a server. */
public final class Tuples {
    /** Stands for a value that did not change and was not sent. */
    public static final String UNCHANGED = new String("unchanged");

    private Tuples() {}

    /** @param values text, {@code null} for NULL, or {@link #UNCHANGED} itself */
    @SuppressWarnings({"ReferenceEquality", "StringEquality"}) // UNCHANGED is a marker, not a text
    public static TupleData tuple(@Nullable String... values) {
        ByteWriter writer = new ByteWriter();
        writer.writeInt16(values.length);
        for (String value : values) {
            if (value == null) {
                writer.writeByte('n');
            } else if (value == UNCHANGED) {
                writer.writeByte('u');
            } else {
                byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
                writer.writeByte('t');
                writer.writeInt32(utf8.length);
                writer.writeBytes(utf8);
            }
        }
        return TupleData.read(new ByteCursor(writer.toByteArray()));
    }

    /** @param values in binary format, {@code null} for NULL */
    public static TupleData binary(byte[] @Nullable ... values) {
        ByteWriter writer = new ByteWriter();
        writer.writeInt16(values.length);
        for (byte[] value : values) {
            if (value == null) {
                writer.writeByte('n');
            } else {
                writer.writeByte('b');
                writer.writeInt32(value.length);
                writer.writeBytes(value);
            }
        }
        return TupleData.read(new ByteCursor(writer.toByteArray()));
    }
}
