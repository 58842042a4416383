// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;

/**
 * Types whose text is made of floats and what stands between them: the geometric ones, cube, ranges of floats. They are
 * given as text. Versions 10 and 11 print the floats with up to 18 digits, and are given here as version 12 and later print them.
 */
final class FloatListCodec implements TypeCodec {
    private static final String EMPTY = "empty";

    private final String typeName;
    private final ShortestDecimal numbers;
    private final String between;

    private FloatListCodec(String typeName, ShortestDecimal numbers, String between) {
        this.typeName = typeName;
        this.numbers = numbers;
        this.between = between;
    }

    static FloatListCodec geometric(String typeName) {
        return new FloatListCodec(typeName, ShortestDecimal.FLOAT8, "(),[]<>{}");
    }

    static FloatListCodec cube() {
        return new FloatListCodec("cube", ShortestDecimal.FLOAT8, "(), ");
    }

    static FloatListCodec rangeOfFloat8(String typeName) {
        return new FloatListCodec(typeName, ShortestDecimal.FLOAT8, "(),[]");
    }

    static FloatListCodec rangeOfFloat4(String typeName) {
        return new FloatListCodec(typeName, ShortestDecimal.FLOAT4, "(),[]");
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        if (new TextCursor(typeName, array, offset, length).restIs(EMPTY)) {
            return new StringValue(EMPTY);
        }
        StringBuilder result = new StringBuilder(length);
        int end = offset + length;
        int position = offset;
        while (position < end) {
            if (standsBetween(array[position])) {
                result.append((char) array[position++]);
                continue;
            }
            int start = position;
            while (position < end && !standsBetween(array[position])) {
                position++;
            }
            appendNumber(array, start, position - start, result);
        }
        return new StringValue(result.toString());
    }

    private void appendNumber(byte[] array, int offset, int length, StringBuilder result) {
        TextCursor text = new TextCursor(typeName, array, offset, length);
        if (FloatCodec.startsFinite(array, offset, length)) {
            FloatText number = FloatText.read(text);
            text.expectEnd();
            numbers.append(number, result);
        } else {
            // Java and PostgreSQL use the same words.
            result.append(FloatCodec.notFinite(text).value());
        }
    }

    private boolean standsBetween(byte character) {
        return between.indexOf(character) >= 0;
    }
}
