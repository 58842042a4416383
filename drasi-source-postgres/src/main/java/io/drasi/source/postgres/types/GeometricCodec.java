// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;

/**
 * The geometric types, as text. Their coordinates are float8: versions 10 and 11 print them with 18 digits, and are given
 * here as version 12 and later print them.
 */
final class GeometricCodec implements TypeCodec {
    private final String typeName;

    GeometricCodec(String typeName) {
        this.typeName = typeName;
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        StringBuilder result = new StringBuilder(length);
        int end = offset + length;
        int position = offset;
        while (position < end) {
            if (isPunctuation(array[position])) {
                result.append((char) array[position++]);
                continue;
            }
            int start = position;
            while (position < end && !isPunctuation(array[position])) {
                position++;
            }
            appendCoordinate(array, start, position - start, result);
        }
        return new StringValue(result.toString());
    }

    private void appendCoordinate(byte[] array, int offset, int length, StringBuilder result) {
        TextCursor text = new TextCursor(typeName, array, offset, length);
        if (FloatCodec.startsFinite(array, offset, length)) {
            FloatText coordinate = FloatText.read(text);
            text.expectEnd();
            ShortestDecimal.FLOAT8.of(coordinate).appendTo(result);
        } else {
            // Java and PostgreSQL use the same words.
            result.append(FloatCodec.notFinite(text).value());
        }
    }

    private static boolean isPunctuation(byte character) {
        return "(),[]<>{}".indexOf(character) >= 0;
    }
}
