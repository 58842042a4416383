// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import org.junit.jupiter.api.Test;

class PackageGraphTest {
    @Test
    void packagesDependDownwards() {
        PackageGraph.check("io.drasi.testkit");
    }
}
