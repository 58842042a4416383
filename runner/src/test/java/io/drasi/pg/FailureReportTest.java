// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.pg.process.ExitCode;
import io.drasi.pg.process.StopRequest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class FailureReportTest {
    /** A command that fails in the given way. */
    @Command(name = "fail")
    private static final class Failing implements Runnable {
        private final Error failure;

        private Failing(Error failure) {
            this.failure = failure;
        }

        @Override
        public void run() {
            throw failure;
        }
    }

    private static String standardErrorOf(Runnable program) {
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.run();
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void saysWhatToDoWhenTheMemoryIsUsedUp() {
        FailureReport report = FailureReport.of(new OutOfMemoryError("Java heap space"));
        assertThat(report.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(report.text()).contains("out of memory (Java heap space)", "-Xmx");
    }

    @Test
    void reportsAnErrorOfTheVirtualMachineLikeAnyFailure() {
        CommandLine program =
                DrasiPg.commandLine(new StopRequest()).addSubcommand(new Failing(new StackOverflowError("too deep")));
        assertThat(standardErrorOf(() -> assertThat(program.execute("fail")).isEqualTo(1)))
                .isEqualToIgnoringNewLines(
                        "drasi-pg: java.lang.StackOverflowError: too deep (--stacktrace shows where)");
    }
}
