// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Property;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PgTimestampTest {
    @Test
    void countsMicrosecondsFromTheYear2000() {
        assertThat(PgTimestamp.toInstant(0)).isEqualTo(Instant.parse("2000-01-01T00:00:00Z"));
        assertThat(PgTimestamp.toInstant(757_382_400_000_001L)).isEqualTo(Instant.parse("2024-01-01T00:00:00.000001Z"));
        assertThat(PgTimestamp.toInstant(-1)).isEqualTo(Instant.parse("1999-12-31T23:59:59.999999Z"));
        assertThat(PgTimestamp.fromInstant(Instant.parse("2024-01-01T00:00:00.000001Z")))
                .isEqualTo(757_382_400_000_001L);
    }

    @Test
    void convertsToNanosecondsFrom1970() {
        assertThat(PgTimestamp.toUnixNanos(757_382_400_000_001L)).isEqualTo(1_704_067_200_000_001_000L);
        assertThat(PgTimestamp.fromUnixNanos(1_704_067_200_000_001_999L)).isEqualTo(757_382_400_000_001L);
        assertThat(PgTimestamp.toUnixNanos(PgTimestamp.fromUnixNanos(-1000))).isEqualTo(-1000);
    }

    @Test
    void roundsDownAlsoBeforeTheEpoch() {
        assertThat(PgTimestamp.fromInstant(Instant.parse("1999-12-31T23:59:59.999999999Z")))
                .isEqualTo(-1);
        assertThat(PgTimestamp.fromInstant(Instant.parse("1960-01-01T00:00:00.000000999Z")))
                .isEqualTo(PgTimestamp.fromInstant(Instant.parse("1960-01-01T00:00:00Z")));
        assertThat(PgTimestamp.fromUnixNanos(-1)).isEqualTo(PgTimestamp.fromUnixNanos(-1000));
    }

    @Test
    void refusesNanosecondsThatDoNotFit() {
        assertThatThrownBy(() -> PgTimestamp.toUnixNanos(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> PgTimestamp.toUnixNanos(Long.MAX_VALUE / 1000))
                .isInstanceOf(ArithmeticException.class);
    }

    @Test
    void convertsAnyMicrosecondsToAnInstantAndBack() {
        Property.forAll(1000, random -> {
            long micros = random.nextLong();
            assertThat(PgTimestamp.fromInstant(PgTimestamp.toInstant(micros))).isEqualTo(micros);
        });
    }

    @Test
    void convertsTheFirstAndTheLastInstantThatMicrosecondsReach() {
        for (long micros : new long[] {Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThat(PgTimestamp.fromInstant(PgTimestamp.toInstant(micros))).isEqualTo(micros);
        }
        Instant last = PgTimestamp.toInstant(Long.MAX_VALUE);
        Instant first = PgTimestamp.toInstant(Long.MIN_VALUE);
        assertThatThrownBy(() -> PgTimestamp.fromInstant(last.plusNanos(1000))).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> PgTimestamp.fromInstant(first.minusNanos(1))).isInstanceOf(ArithmeticException.class);
    }
}
