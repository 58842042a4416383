// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.model.PositionStoreException;
import io.drasi.pg.demo.DemoServer;
import io.drasi.pg.output.OutputClosedException;
import io.drasi.pg.process.ExitCode;
import io.drasi.pg.stream.SourceFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.error.SourceException;
import java.io.IOException;
import java.io.PrintStream;

/** What the user is told of a failure that is not one of the command line, and the exit code. */
record FailureReport(ExitCode exitCode, String text, Throwable failure) {
    /** The severity of errors after which the server ends the connection, so of all by which it turns a login away. */
    private static final String FATAL = "FATAL";

    static FailureReport of(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof SourceFailedException named && named.getCause() != null) {
            return of(named.getCause()).about(named.sourceId());
        } else if (failure instanceof SourceException || failure instanceof PostgresClientException) {
            return new FailureReport(codeOf(failure), message, failure);
        } else if (failure instanceof OutputClosedException) {
            return new FailureReport(ExitCode.OUTPUT_CLOSED, message, failure);
        } else if (failure instanceof IOException) {
            return new FailureReport(ExitCode.FAILED, "cannot write to standard output: " + message, failure);
        } else if (failure instanceof DemoServer.StartException || failure instanceof PositionStoreException) {
            return new FailureReport(ExitCode.FAILED, message, failure);
        } else if (failure instanceof OutOfMemoryError) {
            return new FailureReport(
                    ExitCode.FAILED, "out of memory (" + message + "): give it more, e.g. with -Xmx2g", failure);
        }
        return new FailureReport(ExitCode.FAILED, failure + " (--stacktrace shows where)", failure);
    }

    private FailureReport about(String sourceId) {
        String source = "source '" + sourceId + "'";
        return text.startsWith(source) ? this : new FailureReport(exitCode, source + ": " + text, failure);
    }

    private static ExitCode codeOf(Throwable failure) {
        if (failure instanceof PositionUnavailableException) {
            return ExitCode.POSITION_UNAVAILABLE;
        } else if (failure instanceof ConnectionException || isAboutConnecting(failure)) {
            return ExitCode.CONNECTION;
        } else if (failure instanceof SetupException
                || failure instanceof SlotHeldException
                || failure instanceof HostUnsuitableException) {
            return ExitCode.SETUP;
        }
        return ExitCode.FAILED;
    }

    private static boolean isAboutConnecting(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ServerErrorException error) {
                return error.serverMessage().severity().equals(FATAL);
            } else if (cause instanceof PostgresClientException) {
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
