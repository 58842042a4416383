// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ShutdownWatchTest {
    private final AtomicLong nanos = new AtomicLong(-5);
    private final AtomicInteger probes = new AtomicInteger();
    private boolean shutsDown;
    private final ShutdownWatch watch = new ShutdownWatch(
            () -> {
                probes.incrementAndGet();
                return shutsDown;
            },
            nanos::get);

    @Test
    void letsGoWhenTheServerAsksWithoutAPauseAndSaysThatItShutsDown() {
        shutsDown = true;
        assertThat(askFor(Duration.ofMillis(900))).isFalse();
        assertThat(probes).hasValue(0);
        assertThat(askFor(Duration.ofMillis(300))).isTrue();
        assertThat(probes).hasValue(1);
    }

    @Test
    void asksLessAndLessOftenWhileTheServerGoesOn() {
        assertThat(askFor(Duration.ofMinutes(2))).isFalse();
        assertThat(probes.get()).isBetween(4, 6);
    }

    @Test
    void staysWhenTheServerAsksNowAndThen() {
        shutsDown = true;
        for (int i = 0; i < 100; i++) {
            assertThat(watch.letGo(false, true, false)).isFalse();
            advance(Duration.ofSeconds(1));
        }
        assertThat(probes).hasValue(0);
    }

    @Test
    void staysWhileThereIsSomethingNewToTell() {
        shutsDown = true;
        for (int i = 0; i < 100; i++) {
            assertThat(watch.letGo(i % 5 == 0, true, true)).isFalse();
            advance(Duration.ofMillis(100));
        }
        assertThat(probes).hasValue(0);
    }

    @Test
    void looksAfterTheServerWhileAFullQueueKeepsItFromReading() {
        assertThat(watch.letGo(false, false, true)).isFalse();
        advance(Duration.ofSeconds(4));
        assertThat(watch.letGo(false, false, true)).isFalse();
        assertThat(probes).hasValue(0);
        advance(Duration.ofSeconds(2));
        assertThat(watch.letGo(false, false, true)).isFalse();
        assertThat(probes).hasValue(1);
        shutsDown = true;
        advance(Duration.ofSeconds(10));
        assertThat(watch.letGo(false, false, true)).isTrue();
    }

    /** The server asks every 100 ms, and nothing is new. */
    private boolean askFor(Duration duration) {
        long end = nanos.get() + duration.toNanos();
        boolean letGo = false;
        while (!letGo && nanos.get() - end < 0) {
            letGo = watch.letGo(false, true, false);
            advance(Duration.ofMillis(100));
        }
        return letGo;
    }

    private void advance(Duration duration) {
        nanos.addAndGet(duration.toNanos());
    }
}
