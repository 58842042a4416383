// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue.StringValue;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** PostgreSQL's own text, for the string types and for every type that has no closer counterpart. */
final class TextCodec implements TypeCodec {
    static final TextCodec INSTANCE = new TextCodec("text");

    private static final char REPLACEMENT = '\uFFFD';

    private final String typeName;

    private TextCodec(String typeName) {
        this.typeName = typeName;
    }

    @Override
    public StringValue decodeText(byte[] array, int offset, int length) {
        String text = new String(array, offset, length, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) >= 0) {
            requireUtf8(array, offset, length);
        }
        return new StringValue(text);
    }

    /** A database in SQL_ASCII holds any bytes, and String would silently put a replacement character for the bad ones. */
    private void requireUtf8(byte[] array, int offset, int length) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(array, offset, length));
        } catch (CharacterCodingException e) {
            throw new NotUnicodeException(typeName, array, offset, length, e);
        }
    }
}
