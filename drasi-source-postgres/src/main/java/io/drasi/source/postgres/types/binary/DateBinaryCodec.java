// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.ValueFormatException;
import java.time.LocalDate;

/** {@code date}: days since 2000-01-01; the largest and the smallest number are the infinities, which stay text. */
final class DateBinaryCodec implements BinaryCodec {
    private static final long EPOCH_DAY_OF_2000 = 10_957;
    /** 5874898-01-01 and 4714-11-24 BC. */
    private static final int END = 2_145_031_949;

    private static final int FIRST = -2_451_545;

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        int days = days(array, offset, length);
        return infinite(days)
                ? new StringValue(days > 0 ? DateTimeWriter.INFINITY : DateTimeWriter.NEGATIVE_INFINITY)
                : new LocalDateValue(LocalDate.ofEpochDay(days + EPOCH_DAY_OF_2000));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        int days = days(array, offset, length);
        if (infinite(days)) {
            text.append(days > 0 ? DateTimeWriter.INFINITY : DateTimeWriter.NEGATIVE_INFINITY);
            return;
        }
        LocalDate date = LocalDate.ofEpochDay(days + EPOCH_DAY_OF_2000);
        DateTimeWriter.appendDate(date, text);
        DateTimeWriter.appendEra(date, text);
    }

    private static boolean infinite(int days) {
        return days == Integer.MAX_VALUE || days == Integer.MIN_VALUE;
    }

    private static int days(byte[] array, int offset, int length) {
        BinaryCursor.requireLength(Integer.BYTES, "date", array, offset, length);
        int days = BinaryCursor.int32(array, offset);
        if (!infinite(days) && (days < FIRST || days >= END)) {
            throw new ValueFormatException("date", array, offset, length);
        }
        return days;
    }
}
