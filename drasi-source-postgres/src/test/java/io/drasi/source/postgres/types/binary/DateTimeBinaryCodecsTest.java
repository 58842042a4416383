// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class DateTimeBinaryCodecsTest {
    private static final long MICROS_PER_DAY = 86_400_000_000L;
    private static final long FIRST_MICROS = -211_813_488_000_000_000L;
    private static final long END_MICROS = 9_223_371_331_200_000_000L;
    private static final int FIRST_DAY = -2_451_545;
    private static final int END_DAY = 2_145_031_949;

    private final BinaryReading reading = new BinaryReading();

    @Test
    void readsDates() {
        reading.assertReadWhole(TypeOid.DATE, int32(0), "2000-01-01");
        reading.assertReadWhole(TypeOid.DATE, int32(-1), "1999-12-31");
        reading.assertReadWhole(TypeOid.DATE, int32(8825), "2024-02-29");
        reading.assertReadWhole(TypeOid.DATE, int32(-730_119), "0001-01-01");
        reading.assertReadWhole(TypeOid.DATE, int32(END_DAY - 1), "5874897-12-31");
        assertThat(reading.decode(TypeOid.DATE, int32(8825))).isEqualTo(new LocalDateValue(LocalDate.of(2024, 2, 29)));
    }

    @Test
    void writesDatesBeforeChristWithTheirEra() {
        reading.assertReadWhole(TypeOid.DATE, int32(-730_120), "0001-12-31 BC");
        reading.assertReadWhole(TypeOid.DATE, int32(FIRST_DAY), "4714-11-24 BC");
        assertThat(reading.decode(TypeOid.DATE, int32(FIRST_DAY)))
                .isEqualTo(new LocalDateValue(LocalDate.of(-4713, 11, 24)));
    }

    @Test
    void keepsInfinityAsText() {
        reading.assertReadWhole(TypeOid.DATE, int32(Integer.MAX_VALUE), "infinity");
        reading.assertReadWhole(TypeOid.DATE, int32(Integer.MIN_VALUE), "-infinity");
        for (long oid : new long[] {TypeOid.TIMESTAMP, TypeOid.TIMESTAMPTZ}) {
            reading.assertReadWhole(oid, int64(Long.MAX_VALUE), "infinity");
            reading.assertReadWhole(oid, int64(Long.MIN_VALUE), "-infinity");
        }
    }

    @Test
    void refusesDatesThatPostgresDoesNotKnow() {
        for (int days : new int[] {FIRST_DAY - 1, END_DAY, Integer.MAX_VALUE - 1, Integer.MIN_VALUE + 1}) {
            reading.assertRefused(TypeOid.DATE, int32(days));
        }
        for (long micros : new long[] {FIRST_MICROS - 1, END_MICROS, Long.MAX_VALUE - 1, Long.MIN_VALUE + 1}) {
            reading.assertRefused(TypeOid.TIMESTAMP, int64(micros));
            reading.assertRefused(TypeOid.TIMESTAMPTZ, int64(micros));
        }
    }

    @Test
    void readsTimesWithMicroseconds() {
        reading.assertReadWhole(TypeOid.TIME, int64(0), "00:00:00");
        reading.assertReadWhole(TypeOid.TIME, int64(1), "00:00:00.000001");
        reading.assertReadWhole(TypeOid.TIME, int64(14_706_789_000L), "04:05:06.789");
        reading.assertReadWhole(TypeOid.TIME, int64(36_610_100_000L), "10:10:10.1");
        reading.assertReadWhole(TypeOid.TIME, int64(MICROS_PER_DAY - 1), "23:59:59.999999");
        assertThat(reading.decode(TypeOid.TIME, int64(14_706_789_000L)))
                .isEqualTo(new LocalTimeValue(LocalTime.of(4, 5, 6, 789_000_000)));
    }

    @Test
    void keepsTheEndOfTheDayAsText() {
        reading.assertReadWhole(TypeOid.TIME, int64(MICROS_PER_DAY), "24:00:00");
        assertThat(reading.decode(TypeOid.TIME, int64(MICROS_PER_DAY))).isEqualTo(new StringValue("24:00:00"));
    }

    @Test
    void refusesTimesOutsideTheDay() {
        reading.assertRefused(TypeOid.TIME, int64(-1));
        reading.assertRefused(TypeOid.TIME, int64(MICROS_PER_DAY + 1));
        reading.assertRefused(TypeOid.TIMETZ, timetz(-1, 0));
        reading.assertRefused(TypeOid.TIMETZ, timetz(MICROS_PER_DAY + 1, 0));
    }

    @Test
    void writesOffsetsAsFarAsTheyGo() {
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, 0), "00:00:00+00");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(MICROS_PER_DAY, -7200), "24:00:00+02");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(1_500_000, 12_600), "00:00:01.5-03:30");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, -20_700), "00:00:00+05:45");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, -3661), "00:00:00+01:01:01");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, 3601), "00:00:00-01:00:01");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, 1), "00:00:00-00:00:01");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, 57_599), "00:00:00-15:59:59");
        reading.assertReadWhole(TypeOid.TIMETZ, timetz(0, -57_599), "00:00:00+15:59:59");
    }

    @Test
    void refusesOffsetsThatPostgresDoesNotKnow() {
        for (int west : new int[] {57_600, -57_600, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            reading.assertRefused(TypeOid.TIMETZ, timetz(0, west));
        }
    }

    @Test
    void readsTimestamps() {
        assertTimestamp(0, "2000-01-01 00:00:00", "");
        assertTimestamp(-1, "1999-12-31 23:59:59.999999", "");
        assertTimestamp(762_525_296_789_012L, "2024-02-29 12:34:56.789012", "");
        assertTimestamp(FIRST_MICROS, "4714-11-24 00:00:00", " BC");
        assertTimestamp(END_MICROS - 1, "294276-12-31 23:59:59.999999", "");
        assertThat(reading.decode(TypeOid.TIMESTAMP, int64(-1)))
                .isEqualTo(new LocalDateTimeValue(LocalDateTime.of(1999, 12, 31, 23, 59, 59, 999_999_000)));
        assertThat(reading.decode(TypeOid.TIMESTAMPTZ, int64(-1)))
                .isEqualTo(new ZonedDateTimeValue(
                        LocalDateTime.of(1999, 12, 31, 23, 59, 59, 999_999_000).atZone(ZoneOffset.UTC)));
    }

    @Test
    void readsEveryTimestampOfPostgres() {
        LocalDateTime epoch = LocalDateTime.of(2000, 1, 1, 0, 0);
        Property.forAll(5_000, random -> {
            long micros = FIRST_MICROS + Math.abs(random.nextLong() % (END_MICROS / 100 * 99 - FIRST_MICROS));
            LocalDateTimeValue value = new LocalDateTimeValue(epoch.plus(micros, ChronoUnit.MICROS));
            assertThat(reading.decode(TypeOid.TIMESTAMP, int64(micros))).isEqualTo(value);
            reading.assertRead(TypeOid.TIMESTAMP, int64(micros), reading.text(TypeOid.TIMESTAMP, int64(micros)));
            reading.assertRead(TypeOid.TIMESTAMPTZ, int64(micros), reading.text(TypeOid.TIMESTAMPTZ, int64(micros)));
        });
    }

    @Test
    void readsEveryDateOfPostgres() {
        LocalDate epoch = LocalDate.of(2000, 1, 1);
        Property.forAll(5_000, random -> {
            int days = (int) (FIRST_DAY + random.nextLong((long) END_DAY - FIRST_DAY));
            assertThat(reading.decode(TypeOid.DATE, int32(days))).isEqualTo(new LocalDateValue(epoch.plusDays(days)));
            reading.assertRead(TypeOid.DATE, int32(days), reading.text(TypeOid.DATE, int32(days)));
        });
    }

    @Test
    void writesThePartsOfAnIntervalThatAreNotZero() {
        assertInterval("00:00:00", 0, 0, 0);
        assertInterval("1 year", 12, 0, 0);
        assertInterval("2 years 1 mon", 25, 0, 0);
        assertInterval("3 mons", 3, 0, 0);
        assertInterval("1 day", 0, 1, 0);
        assertInterval("2 days 00:00:01", 0, 2, 1_000_000);
        assertInterval("1 mon 04:05:06.789", 1, 0, 14_706_789_000L);
        assertInterval("100:00:00", 0, 0, 360_000_000_000L);
    }

    @Test
    void givesEachPartOfAnIntervalItsSign() {
        assertInterval("-1 years", -12, 0, 0);
        assertInterval("-1 years -1 mons", -13, 0, 0);
        assertInterval("-1 mons +1 day", -1, 1, 0);
        assertInterval("-1 mons +1 day 00:00:01", -1, 1, 1_000_000);
        assertInterval("1 mon -1 days +00:00:01", 1, -1, 1_000_000);
        assertInterval("-1 mons +00:00:01", -1, 0, 1_000_000);
        assertInterval("-1 days -00:00:01", 0, -1, -1_000_000);
        assertInterval("1 day -00:00:00.5", 0, 1, -500_000);
        assertInterval("-00:00:01", 0, 0, -1_000_000);
        assertInterval(
                "-178956970 years -8 mons +2147483647 days -2562047788:00:54.775808",
                Integer.MIN_VALUE,
                Integer.MAX_VALUE,
                Long.MIN_VALUE);
        assertInterval(
                "178956970 years 7 mons -2147483648 days +2562047788:00:54.775807",
                Integer.MAX_VALUE,
                Integer.MIN_VALUE,
                Long.MAX_VALUE);
    }

    @Test
    void takesAnIntervalForInfiniteOnlyIfAllOfItIs() {
        assertInterval("infinity", Integer.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE);
        assertInterval("-infinity", Integer.MIN_VALUE, Integer.MIN_VALUE, Long.MIN_VALUE);
        assertInterval("1 mon 2147483647 days 2562047788:00:54.775807", 1, Integer.MAX_VALUE, Long.MAX_VALUE);
        assertInterval("178956970 years 7 mons 1 day 2562047788:00:54.775807", Integer.MAX_VALUE, 1, Long.MAX_VALUE);
        assertInterval(
                "178956970 years 7 mons 2147483647 days 00:00:00.000001", Integer.MAX_VALUE, Integer.MAX_VALUE, 1);
        assertInterval(
                "-178956970 years -8 mons -2147483648 days +00:00:00.000001", Integer.MIN_VALUE, Integer.MIN_VALUE, 1);
        assertInterval(
                "-178956970 years -8 mons +1 day -2562047788:00:54.775808", Integer.MIN_VALUE, 1, Long.MIN_VALUE);
        assertInterval("1 mon -2147483648 days -2562047788:00:54.775808", 1, Integer.MIN_VALUE, Long.MIN_VALUE);
    }

    private void assertInterval(String text, int months, int days, long micros) {
        reading.assertReadWhole(
                TypeOid.INTERVAL,
                new Bytes().int64(micros).int32(days).int32(months).toByteArray(),
                text);
    }

    private void assertTimestamp(long micros, String text, String era) {
        reading.assertReadWhole(TypeOid.TIMESTAMP, int64(micros), text + era);
        reading.assertReadWhole(TypeOid.TIMESTAMPTZ, int64(micros), text + "+00" + era);
    }

    private static byte[] timetz(long micros, int west) {
        return new Bytes().int64(micros).int32(west).toByteArray();
    }

    private static byte[] int32(int value) {
        return new Bytes().int32(value).toByteArray();
    }

    private static byte[] int64(long value) {
        return new Bytes().int64(value).toByteArray();
    }
}
