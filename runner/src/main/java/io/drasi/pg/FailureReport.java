// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.pg.demo.DemoServer;
import io.drasi.pg.output.OutputClosedException;
import io.drasi.pg.process.ExitCode;
import io.drasi.postgres.client.error.AuthenticationException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.ServerException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.error.SourceException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Set;

/** What the user is told of a failure, and the exit code. */
record FailureReport(ExitCode exitCode, String text, Throwable failure) {
    /** "Class 28 — Invalid Authorization Specification" and others by which a server turns a connection away. */
    private static final Set<String> LOGIN_STATES = Set.of("28000", "28P01", "3D000", "53300", "57P03");

    static FailureReport of(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof SourceException || failure instanceof PostgresClientException) {
            return new FailureReport(codeOf(failure), message, failure);
        } else if (failure instanceof IllegalArgumentException) {
            return new FailureReport(ExitCode.USAGE, message, failure);
        } else if (failure instanceof OutputClosedException) {
            return new FailureReport(ExitCode.OUTPUT_CLOSED, message, failure);
        } else if (failure instanceof IOException) {
            return new FailureReport(ExitCode.FAILED, "cannot write to standard output: " + message, failure);
        } else if (failure instanceof DemoServer.StartException) {
            return new FailureReport(ExitCode.FAILED, message, failure);
        } else if (failure instanceof OutOfMemoryError) {
            return new FailureReport(
                    ExitCode.FAILED, "out of memory (" + message + "): give it more, e.g. with -Xmx2g", failure);
        }
        return new FailureReport(ExitCode.FAILED, failure + " (--stacktrace shows where)", failure);
    }

    private static ExitCode codeOf(Throwable failure) {
        if (failure instanceof PositionUnavailableException) {
            return ExitCode.POSITION_UNAVAILABLE;
        } else if (failure instanceof ConnectionException || isAboutConnecting(failure)) {
            return ExitCode.CONNECTION;
        } else if (failure instanceof SetupException || failure instanceof SlotHeldException) {
            return ExitCode.SETUP;
        }
        return ExitCode.FAILED;
    }

    private static boolean isAboutConnecting(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ServerErrorException error) {
                return LOGIN_STATES.contains(error.sqlState());
            } else if (cause instanceof ServerException error && LOGIN_STATES.contains(error.sqlState())) {
                return true;
            } else if (cause instanceof AuthenticationException
                    || cause instanceof TlsException
                    || cause instanceof PostgresClientException) {
                return true;
            }
        }
        return false;
    }

    /** Returns the exit code's number. */
    int print(PrintStream out, boolean stackTrace) {
        if (exitCode != ExitCode.OUTPUT_CLOSED || stackTrace) {
            out.println("drasi-pg: " + text);
        }
        if (stackTrace) {
            failure.printStackTrace(out);
        }
        return exitCode.number();
    }
}
