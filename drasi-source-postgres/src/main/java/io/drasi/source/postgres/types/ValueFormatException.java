// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** A value is not what PostgreSQL makes of its type, in text or in binary. Trying again does not help. */
public sealed class ValueFormatException extends RuntimeException permits NotUnicodeException, TypeChangedException {
    private static final long serialVersionUID = 1L;
    private static final int MAX_SHOWN_BYTES = 64;

    private final String typeName;

    public ValueFormatException(String typeName, byte[] array, int offset, int length) {
        super("not a value of type " + typeName + ": " + shown(array, offset, length));
        this.typeName = typeName;
    }

    /** The type that was expected, by the name that PostgreSQL gives it, e.g. {@code timestamptz}. */
    public String typeName() {
        return typeName;
    }

    /** The beginning of the value: as text with everything but printable ASCII as {@code \xHH}, and in hexadecimal. */
    private static String shown(byte[] array, int offset, int length) {
        StringBuilder text = new StringBuilder("'");
        int shownBytes = Math.min(length, MAX_SHOWN_BYTES);
        for (byte b : new String(array, offset, shownBytes, StandardCharsets.ISO_8859_1)
                .getBytes(StandardCharsets.ISO_8859_1)) {
            if (b >= ' ' && b < 0x7F) {
                text.append((char) b);
            } else {
                text.append(String.format("\\x%02x", b));
            }
        }
        text.append("', in hexadecimal ");
        text.append(HexFormat.of().formatHex(array, offset, offset + shownBytes));
        if (shownBytes < length) {
            text.append("… (").append(length).append(" bytes)");
        }
        return text.toString();
    }
}
