// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Strict UTF-8 at the speed of {@link String#String(byte[], int, int, java.nio.charset.Charset)}. */
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    /**
     * @param origin index in {@code array} from which the offset of an error is counted
     * @throws ProtocolException if the bytes are not well-formed UTF-8
     */
    static String decode(byte[] array, int offset, int length, int origin) {
        String text = new String(array, offset, length, StandardCharsets.UTF_8);
        // The constructor replaces what is malformed. A Latin-1 string cannot hold U+FFFD, so for most texts this
        // search returns at once, and only a text that has one is looked at again.
        if (text.indexOf(REPLACEMENT) >= 0) {
            requireWellFormed(text, array, offset, length, origin);
        }
        return text;
    }

    private static void requireWellFormed(String text, byte[] array, int offset, int length, int origin) {
        byte[] again = text.getBytes(StandardCharsets.UTF_8);
        if (!Arrays.equals(again, 0, again.length, array, offset, offset + length)) {
            int wellFormed = wellFormedPrefix(array, offset, length);
            throw new ProtocolException("malformed UTF-8", offset - origin + wellFormed);
        }
    }

    private static int wellFormedPrefix(byte[] array, int offset, int length) {
        ByteBuffer in = ByteBuffer.wrap(array, offset, length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, CharBuffer.allocate(length), true);
        return result.isError() ? in.position() - offset : length;
    }
}
