// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;

/**
 * {@code timestamp} and {@code timestamptz}: 4713 BC to 294276 AD with microseconds, and the infinities as text. With
 * {@code TimeZone = UTC} the text of the latter has the offset {@code +00}.
 */
final class TimestampCodec implements TypeCodec {
    private final String typeName;
    private final boolean withTimeZone;

    private TimestampCodec(String typeName, boolean withTimeZone) {
        this.typeName = typeName;
        this.withTimeZone = withTimeZone;
    }

    static TimestampCodec timestamp() {
        return new TimestampCodec("timestamp", false);
    }

    static TimestampCodec timestamptz() {
        return new TimestampCodec("timestamptz", true);
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor(typeName, array, offset, length);
        Optional<ElementValue> infinity = DateTimeText.infinity(text);
        if (infinity.isPresent()) {
            return infinity.get();
        }
        LocalDate date = DateTimeText.date(text, text.dropEnding(" BC"));
        text.expect(' ');
        LocalTime time = DateTimeText.time(text);
        if (withTimeZone) {
            text.expect('+');
            text.expect('0');
            text.expect('0');
        }
        text.expectEnd();
        LocalDateTime value = LocalDateTime.of(date, time);
        return withTimeZone
                ? new ZonedDateTimeValue(ZonedDateTime.of(value, ZoneOffset.UTC))
                : new LocalDateTimeValue(value);
    }
}
