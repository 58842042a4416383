// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import java.time.LocalTime;

/** {@code time} without time zone. {@code 24:00:00}, which java.time doesn't know, stays text. */
final class TimeCodec implements TypeCodec {
    private static final String END_OF_DAY = "24:00:00";

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor("time", array, offset, length);
        if (text.restIs(END_OF_DAY)) {
            return new StringValue(END_OF_DAY);
        }
        LocalTime time = DateTimeText.time(text);
        text.expectEnd();
        return new LocalTimeValue(time);
    }
}
