// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.meter;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LagMeterTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5); // it wraps around
    private final LagMeter lag = new LagMeter(nanos::get);

    @Test
    void isZeroUntilAnythingIsKnown() {
        assertThat(lag.behind(Lsn.INVALID)).isEqualTo(Duration.ZERO);
    }

    @Test
    void isTheAgeOfTheFirstPlaceThatIsNotReached() {
        lag.mark(new Lsn(100));
        nanos.addAndGet(10);
        lag.mark(new Lsn(200));
        nanos.addAndGet(10);
        assertThat(lag.behind(new Lsn(99))).isEqualTo(Duration.ofNanos(20));
        assertThat(lag.behind(new Lsn(100))).isEqualTo(Duration.ofNanos(10));
        assertThat(lag.behind(new Lsn(200))).isEqualTo(Duration.ZERO);
        nanos.addAndGet(10);
        assertThat(lag.behind(new Lsn(200))).as("nothing was written since").isEqualTo(Duration.ZERO);
    }

    @Test
    void keepsTheFirstOfVeryManyPlaces() {
        for (int i = 1; i <= 10_000; i++) {
            lag.mark(new Lsn(i));
            nanos.incrementAndGet();
        }
        assertThat(lag.behind(new Lsn(0))).isEqualTo(Duration.ofNanos(10_000));
        assertThat(lag.behind(new Lsn(5_000))).isBetween(Duration.ofNanos(4_900), Duration.ofNanos(5_000));
        assertThat(lag.behind(new Lsn(10_000))).isEqualTo(Duration.ZERO);
    }

    @Test
    void knowsNothingOfTheLogOfAnotherServer() {
        lag.mark(new Lsn(100));
        lag.forget();
        assertThat(lag.behind(new Lsn(1))).isEqualTo(Duration.ZERO);
    }
}
