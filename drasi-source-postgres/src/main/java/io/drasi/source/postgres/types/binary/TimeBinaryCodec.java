// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.ValueFormatException;
import java.time.LocalTime;

/** {@code time}: microseconds of the day. {@code 24:00:00}, which java.time doesn't know, stays text. */
final class TimeBinaryCodec implements BinaryCodec {
    static final long MICROS_PER_DAY = 86_400_000_000L;
    private static final int NANOS_PER_MICRO = 1000;

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        long micros = micros(array, offset, length);
        return micros == MICROS_PER_DAY
                ? new StringValue("24:00:00")
                : new LocalTimeValue(LocalTime.ofNanoOfDay(micros * NANOS_PER_MICRO));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        DateTimeWriter.appendTime(micros(array, offset, length), text);
    }

    private static long micros(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(Long.BYTES, "time", array, offset, length);
        long micros = BinaryCursor.int64(array, offset);
        if (micros < 0 || micros > MICROS_PER_DAY) {
            throw new ValueFormatException("time", array, offset, length);
        }
        return micros;
    }
}
