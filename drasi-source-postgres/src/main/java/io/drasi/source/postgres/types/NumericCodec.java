// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.DecimalValue;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/** {@code numeric}: every digit and the scale are kept. NaN and, from version 14 on, the infinities are floats. */
final class NumericCodec implements TypeCodec {
    /** That many digits fit into a long. */
    private static final int MAX_LONG_DIGITS = 18;

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor("numeric", array, offset, length);
        if (!FloatCodec.startsFinite(array, offset, length)) {
            return FloatCodec.notFinite(text);
        }
        boolean negative = text.skipIf('-');
        long sum = text.digit();
        int digits = 1;
        for (; text.atDigit(); digits++) {
            sum = sum * 10 + text.digit();
        }
        int scale = 0;
        if (text.skipIf('.')) {
            do {
                sum = sum * 10 + text.digit();
                scale++;
            } while (text.atDigit());
        }
        text.expectEnd();
        if (digits + scale <= MAX_LONG_DIGITS) {
            return new DecimalValue(BigDecimal.valueOf(negative ? -sum : sum, scale));
        }
        return new DecimalValue(new BigDecimal(new String(array, offset, length, StandardCharsets.ISO_8859_1)));
    }
}
