// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The benchmark runs; with so few rows its figures mean nothing. */
class LateBootstrapBenchmarkIT {
    @Test
    void measuresWithoutABootstrapAndDuringOne() throws Exception {
        int[] changes = LateBootstrapBenchmark.run(100_000, 500, 1);
        assertThat(changes).hasSize(2);
        assertThat(changes[0]).isPositive();
    }
}
