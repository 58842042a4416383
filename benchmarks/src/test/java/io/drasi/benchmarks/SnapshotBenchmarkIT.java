// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The benchmark runs; with so few rows its figures mean nothing. */
class SnapshotBenchmarkIT {
    @Test
    void measuresEachContenderInEachRound() throws Exception {
        assumeThat(hasPsql()).as("psql is installed").isTrue();
        Map<String, Map<String, List<Double>>> seconds = SnapshotBenchmark.run(1000, 2);
        assertThat(seconds).containsOnlyKeys("narrow", "wide");
        assertThat(seconds.values())
                .allSatisfy(contenders -> assertThat(contenders)
                        .hasSize(6)
                        .allSatisfy(
                                (name, times) -> assertThat(times).hasSize(2).allMatch(time -> time > 0)));
    }

    private static boolean hasPsql() throws InterruptedException {
        try {
            return new ProcessBuilder("psql", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
