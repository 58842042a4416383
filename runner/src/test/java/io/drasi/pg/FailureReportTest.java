// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.pg.process.ExitCode;
import org.junit.jupiter.api.Test;

class FailureReportTest {
    @Test
    void saysWhatToDoWhenTheMemoryIsUsedUp() {
        FailureReport report = FailureReport.of(new OutOfMemoryError("Java heap space"));
        assertThat(report.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(report.text()).contains("out of memory (Java heap space)", "-Xmx");
    }

    @Test
    void takesAnArgumentThatIsRefusedInsideTheProgramForAFailureOfTheProgram() {
        FailureReport report = FailureReport.of(new IllegalArgumentException("no such thing"));
        assertThat(report.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(report.text()).contains("IllegalArgumentException: no such thing", "--stacktrace");
    }
}
