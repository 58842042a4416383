// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.Function;

/** What every decoder must do, whatever the message. */
public final class Decoding {
    private static final int MARGIN = 7;
    private static final byte GARBAGE = 'n';

    private Decoding() {}

    /** Decodes the bytes from the middle of an array whose other bytes must not matter. */
    public static <T> T decode(Function<ByteCursor, T> decoder, byte[] bytes) {
        byte[] array = new byte[MARGIN + bytes.length + MARGIN];
        Arrays.fill(array, GARBAGE);
        System.arraycopy(bytes, 0, array, MARGIN, bytes.length);
        return decoder.apply(new ByteCursor(array, MARGIN, MARGIN + bytes.length));
    }

    public static ProtocolException failure(Function<ByteCursor, ?> decoder, byte[] bytes) {
        try {
            decode(decoder, bytes);
        } catch (ProtocolException e) {
            return e;
        }
        throw new AssertionError("not rejected: " + Arrays.toString(bytes));
    }

    /** For messages that end where their last field ends. */
    public static void assertExactLength(Function<ByteCursor, ?> decoder, byte[] whole) {
        decode(decoder, whole);
        assertRejectsEveryPrefix(decoder, whole, whole.length);
        assertRejectsTrailingByte(decoder, whole);
    }

    /**
     * For messages that end with "the rest".
     *
     * @param fixedLength bytes in front of the rest
     */
    public static void assertRejectsEveryPrefix(Function<ByteCursor, ?> decoder, byte[] whole, int fixedLength) {
        for (int length = 0; length < fixedLength; length++) {
            long offset = failure(decoder, Arrays.copyOf(whole, length)).offset();
            // Not AssertJ: messages can be long, and so this is called often.
            if (offset < 0 || offset > length) {
                throw new AssertionError(
                        "offset " + offset + " in a message cut to " + length + " of " + whole.length + " bytes");
            }
        }
    }

    private static void assertRejectsTrailingByte(Function<ByteCursor, ?> decoder, byte[] whole) {
        for (byte trailing : new byte[] {0, 'n', -1}) {
            byte[] longer = Arrays.copyOf(whole, whole.length + 1);
            longer[whole.length] = trailing;
            assertThat(failure(decoder, longer).offset())
                    .as("offset of the trailing byte")
                    .isBetween(0L, (long) whole.length);
        }
    }
}
