// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The benchmark runs; with so few rows its figures mean nothing. */
class LargeTransactionBenchmarkIT {
    @Test
    void measuresEachContenderInEachRound() throws Exception {
        Map<String, List<Double>> seconds = LargeTransactionBenchmark.run(20_000, 1);
        assertThat(seconds)
                .containsOnlyKeys(
                        LargeTransactionBenchmark.STREAMED,
                        LargeTransactionBenchmark.STREAMED + LargeTransactionBenchmark.FIRST,
                        LargeTransactionBenchmark.NOT_STREAMED,
                        LargeTransactionBenchmark.NOT_STREAMED + LargeTransactionBenchmark.FIRST,
                        LargeTransactionBenchmark.PEER);
        assertThat(seconds.values()).allSatisfy(all -> assertThat(all).hasSize(1));
    }
}
