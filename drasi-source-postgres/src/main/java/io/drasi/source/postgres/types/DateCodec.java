// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalDateValue;
import java.time.LocalDate;
import java.util.Optional;

/** {@code date}: 4713 BC to 5874897 AD in the proleptic Gregorian calendar, and the infinities as text. */
final class DateCodec implements TypeCodec {
    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor("date", array, offset, length);
        Optional<ElementValue> infinity = DateTimeText.infinity(text);
        if (infinity.isPresent()) {
            return infinity.get();
        }
        LocalDate date = DateTimeText.date(text, text.dropEnding(" BC"));
        text.expectEnd();
        return new LocalDateValue(date);
    }
}
