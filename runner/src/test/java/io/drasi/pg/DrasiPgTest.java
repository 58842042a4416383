// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.pg.process.StopRequest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line in this process: what it says on standard error, and the exit code. */
class DrasiPgTest {
    private final CommandLine program = DrasiPg.commandLine(new StopRequest());

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

    private String run(int exitCode, String... arguments) {
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(program.execute(arguments)).isEqualTo(exitCode);
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void reportsAnErrorOfTheVirtualMachineLikeAnyFailure() {
        program.addSubcommand(new Failing(new StackOverflowError("too deep")));
        assertThat(run(1, "fail"))
                .isEqualToIgnoringNewLines(
                        "drasi-pg: java.lang.StackOverflowError: too deep (--stacktrace shows where)");
    }

    @ParameterizedTest
    @CsvSource({
        "stream --password=hunter2, --password",
        "stream --password hunter2, --password",
        "stream shop --password hunter2, --password",
        "stream -d shop --pass=hunter2 --other=hunter2, --pass",
        "stream -Whunter2, -W"
    })
    void namesAnUnknownOptionWithoutItsValue(String arguments, String name) {
        assertThat(run(2, arguments.split(" ")))
                .startsWith("drasi-pg: there is no option " + name + System.lineSeparator())
                .contains("Try 'drasi-pg stream --help'.")
                .doesNotContain("hunter2");
    }

    @Test
    void namesAnUnknownCommand() {
        assertThat(run(2, "strem")).contains("strem");
    }
}
