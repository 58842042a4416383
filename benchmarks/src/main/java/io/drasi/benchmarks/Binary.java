// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.postgres.protocol.wire.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What send functions make. */
final class Binary {
    private Binary() {}

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace("-", ""));
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] int2(int value) {
        return bytes(writer -> writer.writeInt16(value));
    }

    static byte[] int4(int value) {
        return bytes(writer -> writer.writeInt32(value));
    }

    static byte[] int8(long value) {
        return bytes(writer -> writer.writeInt64(value));
    }

    static byte[] float4(float value) {
        return int4(Float.floatToRawIntBits(value));
    }

    static byte[] float8(double... values) {
        return bytes(writer -> {
            for (double value : values) {
                writer.writeInt64(Double.doubleToRawLongBits(value));
            }
        });
    }

    /**
     * A positive {@code numeric}.
     *
     * @param weight of the first digit
     * @param digits to the base 10,000
     */
    static byte[] numeric(int weight, int scale, int... digits) {
        return bytes(writer -> {
            writer.writeInt16(digits.length);
            writer.writeInt16(weight);
            writer.writeInt16(0);
            writer.writeInt16(scale);
            for (int digit : digits) {
                writer.writeInt16(digit);
            }
        });
    }

    static byte[] jsonb(String text) {
        return bytes(writer -> {
            writer.writeByte(1);
            writer.writeBytes(utf8(text));
        });
    }

    static byte[] polygon(double... coordinates) {
        return bytes(writer -> {
            writer.writeInt32(coordinates.length / 2);
            writer.writeBytes(float8(coordinates));
        });
    }

    /** An array whose bounds begin with 1. */
    static byte[] array(long elementOid, int[] sizes, byte[] @Nullable ... elements) {
        return bytes(writer -> {
            writer.writeInt32(sizes.length);
            writer.writeInt32(Arrays.asList(elements).contains(null) ? 1 : 0);
            writer.writeInt32((int) elementOid);
            for (int size : sizes) {
                writer.writeInt32(size);
                writer.writeInt32(1);
            }
            for (byte[] element : elements) {
                writeSized(writer, element);
            }
        });
    }

    /** @param oids the types of the fields */
    static byte[] composite(long[] oids, byte[]... fields) {
        return bytes(writer -> {
            writer.writeInt32(oids.length);
            for (int i = 0; i < oids.length; i++) {
                writer.writeInt32((int) oids[i]);
                writeSized(writer, fields[i]);
            }
        });
    }

    /** @param keysAndValues in turn */
    static byte[] hstore(@Nullable String... keysAndValues) {
        return bytes(writer -> {
            writer.writeInt32(keysAndValues.length / 2);
            for (String text : keysAndValues) {
                writeSized(writer, text == null ? null : utf8(text));
            }
        });
    }

    private static void writeSized(ByteWriter writer, byte @Nullable [] part) {
        if (part == null) {
            writer.writeInt32(-1);
            return;
        }
        writer.writeInt32(part.length);
        writer.writeBytes(part);
    }

    private static byte[] bytes(Consumer<ByteWriter> content) {
        ByteWriter writer = new ByteWriter();
        content.accept(writer);
        return writer.toByteArray();
    }
}
