// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/**
 * Bytes put together by hand, in the byte order of the network and in the words of PostgreSQL's message formats: Int8,
 * Int16, Int32, Int64, String (with its terminating zero) and Byte<i>n</i>. Not thread-safe.
 *
 * <pre>{@code new Bytes().frame('Q', body -> body.cstring("SELECT 1")).toByteArray()}</pre>
 */
public final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Bytes given as numbers from -128 to 255. */
    public static byte[] of(int... values) {
        Bytes bytes = new Bytes();
        for (int value : values) {
            bytes.int8(value);
        }
        return bytes.toByteArray();
    }

    /** Bytes given in hexadecimal; white space between them is left out. */
    public static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replaceAll("\\s", ""));
    }

    /** Several arrays one after the other. */
    public static byte[] concat(byte[]... parts) {
        Bytes bytes = new Bytes();
        for (byte[] part : parts) {
            bytes.bytes(part);
        }
        return bytes.toByteArray();
    }

    /** Every beginning of the bytes, from the empty one to the one that lacks only the last byte. */
    public static List<byte[]> truncations(byte[] whole) {
        List<byte[]> truncations = new ArrayList<>();
        for (int length = 0; length < whole.length; length++) {
            truncations.add(Arrays.copyOf(whole, length));
        }
        return truncations;
    }

    /** One byte, signed or unsigned. */
    public Bytes int8(int value) {
        return number(require(value, -128, 255), 1);
    }

    /** One byte given as an ASCII character, as message types are. */
    public Bytes int8(char character) {
        return int8((int) character);
    }

    /** Two bytes, signed or unsigned. */
    public Bytes int16(int value) {
        return number(require(value, Short.MIN_VALUE, 0xffff), 2);
    }

    /** Four bytes, signed or unsigned. */
    public Bytes int32(long value) {
        return number(require(value, Integer.MIN_VALUE, 0xffff_ffffL), 4);
    }

    public Bytes int64(long value) {
        return number(value, 8);
    }

    /** UTF-8 with a zero byte at its end. */
    public Bytes cstring(String value) {
        return text(value).int8(0);
    }

    /** UTF-8 as it is: no length, no zero byte. */
    public Bytes text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    /** An Int32 with the length in bytes, then the UTF-8, as column values have it. */
    public Bytes sizedText(String value) {
        return sizedBytes(value.getBytes(StandardCharsets.UTF_8));
    }

    /** An Int32 with the length, then the bytes. */
    public Bytes sizedBytes(byte... value) {
        return int32(value.length).bytes(value);
    }

    public Bytes bytes(byte... value) {
        out.writeBytes(value);
        return this;
    }

    /** Appends {@code times} copies of one byte. */
    public Bytes repeat(int value, int times) {
        for (int i = 0; i < times; i++) {
            int8(value);
        }
        return this;
    }

    /** A message: its type, an Int32 with the length of itself and the body, and the body. */
    public Bytes frame(char type, Consumer<Bytes> body) {
        return int8(type).frame(body);
    }

    /** A message: its type, an Int32 with the length of itself and the body, and the body. */
    public Bytes frame(char type, byte... body) {
        return frame(type, content -> content.bytes(body));
    }

    /** A message without a type, as a client's first one is. */
    public Bytes frame(Consumer<Bytes> body) {
        Bytes content = new Bytes();
        body.accept(content);
        return int32(content.size() + 4L).bytes(content.toByteArray());
    }

    public int size() {
        return out.size();
    }

    /** A copy of what is there so far. */
    public byte[] toByteArray() {
        return out.toByteArray();
    }

    private Bytes number(long value, int length) {
        for (int shift = 8 * (length - 1); shift >= 0; shift -= 8) {
            out.write((int) (value >> shift));
        }
        return this;
    }

    private static long require(long value, long least, long greatest) {
        if (value < least || value > greatest) {
            throw new IllegalArgumentException(value + " is not from " + least + " to " + greatest);
        }
        return value;
    }

    /** In hexadecimal. */
    @Override
    public String toString() {
        return HexFormat.ofDelimiter(" ").formatHex(toByteArray());
    }
}
