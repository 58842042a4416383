// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.assertRefused;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.testkit.Property;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class DateTimeCodecsTest {
    private static final LocalDateTime FIRST_TIMESTAMP = LocalDateTime.parse("-4713-11-24T00:00:00");
    private static final LocalDateTime LAST_TIMESTAMP = LocalDateTime.of(294276, 12, 31, 23, 59, 59, 999_999_000);

    private static final long MICROS_PER_DAY = 86_400_000_000L;

    @Test
    void readsDates() {
        assertDecoded(TypeOid.DATE, "2024-02-29").isEqualTo(new LocalDateValue(LocalDate.of(2024, 2, 29)));
        assertDecoded(TypeOid.DATE, "0001-01-01").isEqualTo(new LocalDateValue(LocalDate.of(1, 1, 1)));
        assertDecoded(TypeOid.DATE, "5874897-12-31").isEqualTo(new LocalDateValue(LocalDate.of(5874897, 12, 31)));
    }

    @Test
    void countsYearsBeforeChristAsJavaDoes() {
        assertDecoded(TypeOid.DATE, "0001-12-31 BC").isEqualTo(new LocalDateValue(LocalDate.of(0, 12, 31)));
        assertDecoded(TypeOid.DATE, "0001-02-29 BC").isEqualTo(new LocalDateValue(LocalDate.of(0, 2, 29)));
        assertDecoded(TypeOid.DATE, "4714-11-24 BC").isEqualTo(new LocalDateValue(LocalDate.of(-4713, 11, 24)));
        assertDecoded(TypeOid.TIMESTAMP, "0044-03-15 12:00:00 BC")
                .isEqualTo(new LocalDateTimeValue(LocalDateTime.of(-43, 3, 15, 12, 0)));
        assertDecoded(TypeOid.TIMESTAMPTZ, "0044-03-15 12:00:00.5+00 BC")
                .isEqualTo(new ZonedDateTimeValue(
                        LocalDateTime.of(-43, 3, 15, 12, 0, 0, 500_000_000).atZone(ZoneOffset.UTC)));
    }

    @Test
    void keepsInfinityAsText() {
        for (long oid : new long[] {TypeOid.DATE, TypeOid.TIMESTAMP, TypeOid.TIMESTAMPTZ}) {
            assertDecoded(oid, "infinity").isEqualTo(new StringValue("infinity"));
            assertDecoded(oid, "-infinity").isEqualTo(new StringValue("-infinity"));
            assertRefused(oid, "", "Infinity", "-", "infinit", "infinityx", "epoch");
        }
    }

    @Test
    void readsTimesWithMicroseconds() {
        assertDecoded(TypeOid.TIME, "00:00:00").isEqualTo(new LocalTimeValue(LocalTime.MIDNIGHT));
        assertDecoded(TypeOid.TIME, "04:05:06.789").isEqualTo(new LocalTimeValue(LocalTime.of(4, 5, 6, 789_000_000)));
        assertDecoded(TypeOid.TIME, "23:59:59.999999")
                .isEqualTo(new LocalTimeValue(LocalTime.of(23, 59, 59, 999_999_000)));
        assertDecoded(TypeOid.TIME, "04:05:06.000001").isEqualTo(new LocalTimeValue(LocalTime.of(4, 5, 6, 1_000)));
    }

    @Test
    void keepsTheEndOfTheDayAsText() {
        assertDecoded(TypeOid.TIME, "24:00:00").isEqualTo(new StringValue("24:00:00"));
        assertRefused(TypeOid.TIME, "24:00:01", "24:00:00.1", "25:00:00");
    }

    @Test
    void refusesWhatPostgresDoesNotPrint() {
        assertRefused(TypeOid.DATE, "2024-02-30", "2023-02-29", "24-02-03", "2024/02/03", "03-02-2024", "2024-2-3");
        assertRefused(
                TypeOid.DATE, "2024-02-03 AD", "2024-02-03 ", "2024-13-01", "2024-00-01", "12345678-01-01", " BC");
        assertRefused(TypeOid.TIME, "", "1:2:3", "12:60:00", "12:00:60", "12:00", "12:00:00.", "12:00:00.1234567");
        assertRefused(TypeOid.TIMESTAMP, "2024-02-03", "2024-02-03T04:05:06", "2024-02-03 04:05:06+00");
        assertRefused(TypeOid.TIMESTAMPTZ, "2024-02-03 04:05:06", "2024-02-03 04:05:06-00", "2024-02-03 04:05:06+0");
    }

    @Test
    void refusesATimeThatEndsWithinItsTwoDigits() {
        byte[] time = "12:00:0".getBytes(StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> TypeCodecs.forType(TypeOid.TIME).decodeText(time, 0, time.length))
                .isInstanceOf(ValueFormatException.class);
    }

    @Test
    void refusesATimestamptzOfASessionThatIsNotInUtc() {
        assertRefused(TypeOid.TIMESTAMPTZ, "2024-02-03 04:05:06+02", "2024-02-03 04:05:06+00:30");
    }

    @Test
    void readsEveryTimestampOfPostgres() {
        long days = ChronoUnit.DAYS.between(FIRST_TIMESTAMP, LAST_TIMESTAMP);
        checkTimestamp(FIRST_TIMESTAMP);
        checkTimestamp(LAST_TIMESTAMP);
        Property.forAll(
                20_000,
                random -> checkTimestamp(FIRST_TIMESTAMP
                        .plusDays(random.nextLong(days + 1))
                        .plus(random.nextLong(MICROS_PER_DAY), ChronoUnit.MICROS)));
        Property.forAll(
                5_000,
                random -> checkTimestamp(LocalDateTime.of(1970, 1, 1, 0, 0).plusSeconds(random.nextInt())));
    }

    @Test
    void readsEveryDateOfPostgres() {
        LocalDate first = LocalDate.of(-4713, 11, 24);
        long days = ChronoUnit.DAYS.between(first, LocalDate.of(5874897, 12, 31));
        Property.forAll(20_000, random -> {
            LocalDate date = first.plusDays(random.nextLong(days + 1));
            assertDecoded(TypeOid.DATE, text(date) + era(date)).isEqualTo(new LocalDateValue(date));
        });
    }

    private static void checkTimestamp(LocalDateTime value) {
        String text = text(value.toLocalDate()) + " " + text(value.toLocalTime());
        String era = era(value.toLocalDate());
        assertDecoded(TypeOid.TIMESTAMP, text + era).isEqualTo(new LocalDateTimeValue(value));
        assertDecoded(TypeOid.TIMESTAMPTZ, text + "+00" + era)
                .isEqualTo(new ZonedDateTimeValue(value.atZone(ZoneOffset.UTC)));
    }

    private static String text(LocalDate date) {
        int year = date.getYear() > 0 ? date.getYear() : 1 - date.getYear();
        return String.format(Locale.ROOT, "%04d-%02d-%02d", year, date.getMonthValue(), date.getDayOfMonth());
    }

    private static String era(LocalDate date) {
        return date.getYear() > 0 ? "" : " BC";
    }

    private static String text(LocalTime time) {
        String seconds =
                String.format(Locale.ROOT, "%02d:%02d:%02d", time.getHour(), time.getMinute(), time.getSecond());
        String micros = String.format(Locale.ROOT, ".%06d", time.getNano() / 1000);
        return seconds + micros.replaceAll("\\.?0+$", "");
    }
}
