// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import ch.qos.logback.classic.Level;
import io.drasi.pg.process.LogOutput;
import picocli.CommandLine.Option;

/** How much is said on standard error. */
final class LogArguments {
    @Option(
            names = {"-v", "--verbose"},
            description = "Log what the source does, with stack traces.")
    private boolean verbose;

    @Option(names = "--stacktrace", description = "Show the stack trace of an error.")
    private boolean stacktrace;

    boolean stackTraces() {
        return verbose || stacktrace;
    }

    void apply(Level usual) {
        LogOutput.configure(verbose ? Level.DEBUG : usual, stackTraces());
    }
}
