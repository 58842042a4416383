// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {
    private static final Duration SHORT = Duration.ofMillis(20);

    @Test
    void repeatsUntilTheConditionHolds() {
        AtomicInteger calls = new AtomicInteger();
        Await.until("five calls", () -> calls.incrementAndGet() == 5);
        assertThat(calls).hasValue(5);
    }

    @Test
    void givesTheValueOnceThereIsOne() {
        AtomicInteger calls = new AtomicInteger();
        String value =
                Await.untilPresent("a value", () -> calls.incrementAndGet() < 3 ? Optional.empty() : Optional.of("x"));
        assertThat(value).isEqualTo("x");
    }

    @Test
    void namesWhatDidNotHappenInTime() {
        assertThatThrownBy(() -> Await.until("the moon is green", SHORT, () -> false))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the moon is green")
                .hasMessageContaining("PT0.02S");
    }

    @Test
    void endsAtOnceWhenTheConditionThrows() {
        assertThatThrownBy(() -> Await.until("x", () -> {
                    throw new IllegalStateException("broken");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("broken")
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void takesFailedAssertionsForNotYet() {
        AtomicInteger calls = new AtomicInteger();
        Await.untilAsserted(
                "three calls", () -> assertThat(calls.incrementAndGet()).isEqualTo(3));
        assertThatThrownBy(() ->
                        Await.untilAsserted("never", SHORT, () -> assertThat(1).isEqualTo(2)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("never")
                .hasCauseInstanceOf(AssertionError.class);
    }
}
