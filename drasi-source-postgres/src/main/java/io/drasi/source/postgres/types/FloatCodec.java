// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.FloatValue;

/**
 * {@code float4} and {@code float8}. A {@code float4} becomes the double nearest to its shortest decimal, so that 0.1 is
 * 0.1 and not 0.10000000149011612.
 */
final class FloatCodec implements TypeCodec {
    private static final FloatValue NAN = new FloatValue(Double.NaN);
    private static final FloatValue INFINITY = new FloatValue(Double.POSITIVE_INFINITY);
    private static final FloatValue NEGATIVE_INFINITY = new FloatValue(Double.NEGATIVE_INFINITY);

    private final String typeName;
    private final boolean singlePrecision;

    private FloatCodec(String typeName, boolean singlePrecision) {
        this.typeName = typeName;
        this.singlePrecision = singlePrecision;
    }

    static FloatCodec float4() {
        return new FloatCodec("float4", true);
    }

    static FloatCodec float8() {
        return new FloatCodec("float8", false);
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor(typeName, array, offset, length);
        if (!startsFinite(array, offset, length)) {
            return notFinite(text);
        }
        FloatText number = FloatText.read(text);
        text.expectEnd();
        return new FloatValue((singlePrecision ? ShortestDecimal.FLOAT4.of(number) : number).toDouble());
    }

    /** NaN or one of the infinities, in the words that numeric prints too. */
    static FloatValue notFinite(TextCursor text) {
        if (text.restIs("NaN")) {
            return NAN;
        }
        if (text.restIs("Infinity")) {
            return INFINITY;
        }
        if (text.restIs("-Infinity")) {
            return NEGATIVE_INFINITY;
        }
        throw text.malformed();
    }

    static boolean startsFinite(byte[] array, int offset, int length) {
        int first = length > 1 && array[offset] == '-' ? 1 : 0;
        return length > 0 && array[offset + first] >= '0' && array[offset + first] <= '9';
    }
}
