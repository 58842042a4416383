// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.pg.process.ExitCode;
import io.drasi.pg.stream.SourceFailedException;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
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

    @Test
    void namesOneOfSeveralSourcesOnce() {
        SourceException failure = new SetupException("no table", "CREATE TABLE t ();", null);
        FailureReport report = FailureReport.of(new SourceFailedException("one", failure));
        assertThat(report.exitCode()).isEqualTo(ExitCode.SETUP);
        assertThat(report.text()).isEqualTo("source 'one': no table\nCREATE TABLE t ();");
        SourceException named = new ConnectionException("source 'one': gone", null, null);
        assertThat(FailureReport.of(new SourceFailedException("one", named)).text())
                .isEqualTo("source 'one': gone");
    }
}
