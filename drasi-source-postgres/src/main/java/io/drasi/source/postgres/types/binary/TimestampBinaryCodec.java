// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.source.postgres.types.ValueFormatException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/**
 * {@code timestamp} and {@code timestamptz}: microseconds since 2000-01-01 (UTC); the largest and the smallest number are the
 * infinities, which stay text.
 */
final class TimestampBinaryCodec implements BinaryCodec {
    private static final long EPOCH_SECOND_OF_2000 = 946_684_800;
    private static final long SECONDS_PER_DAY = 86_400;
    private static final int MICROS_PER_SECOND = 1_000_000;
    private static final int NANOS_PER_MICRO = 1000;
    /** 294277-01-01 and 4714-11-24 BC. */
    private static final long END = 9_223_371_331_200_000_000L;

    private static final long FIRST = -211_813_488_000_000_000L;

    private final String typeName;
    private final boolean withTimeZone;

    private TimestampBinaryCodec(String typeName, boolean withTimeZone) {
        this.typeName = typeName;
        this.withTimeZone = withTimeZone;
    }

    static TimestampBinaryCodec timestamp() {
        return new TimestampBinaryCodec("timestamp", false);
    }

    static TimestampBinaryCodec timestamptz() {
        return new TimestampBinaryCodec("timestamptz", true);
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        long micros = micros(array, offset, length);
        if (infinite(micros)) {
            return new StringValue(micros > 0 ? DateTimeWriter.INFINITY : DateTimeWriter.NEGATIVE_INFINITY);
        }
        LocalDateTime value = LocalDateTime.ofEpochSecond(
                Math.floorDiv(micros, MICROS_PER_SECOND) + EPOCH_SECOND_OF_2000,
                Math.floorMod(micros, MICROS_PER_SECOND) * NANOS_PER_MICRO,
                ZoneOffset.UTC);
        return withTimeZone
                ? new ZonedDateTimeValue(ZonedDateTime.of(value, ZoneOffset.UTC))
                : new LocalDateTimeValue(value);
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        long micros = micros(array, offset, length);
        if (infinite(micros)) {
            text.append(micros > 0 ? DateTimeWriter.INFINITY : DateTimeWriter.NEGATIVE_INFINITY);
            return;
        }
        LocalDate date = LocalDate.ofEpochDay(
                Math.floorDiv(micros, TimeBinaryCodec.MICROS_PER_DAY) + EPOCH_SECOND_OF_2000 / SECONDS_PER_DAY);
        DateTimeWriter.appendDate(date, text);
        text.append(' ');
        DateTimeWriter.appendTime(Math.floorMod(micros, TimeBinaryCodec.MICROS_PER_DAY), text);
        if (withTimeZone) {
            DateTimeWriter.appendOffset(0, text);
        }
        DateTimeWriter.appendEra(date, text);
    }

    private static boolean infinite(long micros) {
        return micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
    }

    private long micros(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(Long.BYTES, typeName, array, offset, length);
        long micros = BinaryCursor.int64(array, offset);
        if (!infinite(micros) && (micros < FIRST || micros >= END)) {
            throw new ValueFormatException(typeName, array, offset, length);
        }
        return micros;
    }
}
