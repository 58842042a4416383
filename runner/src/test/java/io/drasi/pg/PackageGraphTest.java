// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.testkit.PackageGraph;
import org.junit.jupiter.api.Test;

class PackageGraphTest {
    @Test
    void packagesDependDownwards() {
        PackageGraph.check("io.drasi.pg");
    }
}
