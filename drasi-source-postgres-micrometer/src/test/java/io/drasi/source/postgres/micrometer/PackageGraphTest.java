// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.micrometer;

import io.drasi.testkit.PackageGraph;
import org.junit.jupiter.api.Test;

class PackageGraphTest {
    @Test
    void packagesDependDownwards() {
        PackageGraph.check("io.drasi.source.postgres.micrometer");
    }
}
