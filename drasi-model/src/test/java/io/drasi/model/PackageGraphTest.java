// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import io.drasi.testkit.PackageGraph;
import org.junit.jupiter.api.Test;

class PackageGraphTest {
    @Test
    void packagesDependDownwards() {
        PackageGraph.check("io.drasi.model");
    }
}
