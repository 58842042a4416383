// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ServerProgramsTest {
    @Test
    void saysForWhichPlatformThereIsNothing() {
        assertThatThrownBy(() -> new ServerPrograms().getPgBinary("Linux", "s390x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no PostgreSQL programs for this platform (Linux s390x)")
                .hasMessageContaining("drasi-pg stream works");
    }
}
