// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FailurePolicyTest {
    private static final SourceEvent EVENT = NumberedTransaction.of(1);
    private final Exception failure = new IllegalStateException("failed");

    @Test
    void doublesTheWaitUpToTheLongest() {
        FailurePolicy policy = FailurePolicy.retry(Duration.ofMillis(100), Duration.ofMillis(1500));
        assertThat(waits(policy, 7)).containsExactly(100L, 200L, 400L, 800L, 1500L, 1500L, 1500L);
        assertThat(policy.retryAfter(EVENT, failure, Integer.MAX_VALUE)).contains(Duration.ofMillis(1500));
    }

    @Test
    void triesAgainFor5SecondsAtMostUnlessToldOtherwise() {
        assertThat(waits(FailurePolicy.retry(), 8)).containsExactly(100L, 200L, 400L, 800L, 1600L, 3200L, 5000L, 5000L);
    }

    @Test
    void doesNotOverflow() {
        Duration longest = Duration.ofSeconds(Long.MAX_VALUE);
        assertThat(FailurePolicy.retry(Duration.ofSeconds(1), longest).retryAfter(EVENT, failure, 1000))
                .contains(longest);
    }

    @Test
    void endsWithAnError() {
        assertThat(FailurePolicy.retry().retryAfter(EVENT, new StackOverflowError(), 1))
                .isEmpty();
    }

    @Test
    void endsAtOnce() {
        assertThat(FailurePolicy.end().retryAfter(EVENT, failure, 1)).isEmpty();
    }

    @Test
    void refusesWaitsThatAreNone() {
        assertThatThrownBy(() -> FailurePolicy.retry(Duration.ZERO, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT0S");
        assertThatThrownBy(() -> FailurePolicy.retry(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT2S");
    }

    private List<Long> waits(FailurePolicy policy, int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(attempt ->
                        policy.retryAfter(EVENT, failure, attempt).orElseThrow().toMillis())
                .toList();
    }
}
