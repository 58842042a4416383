// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The server answered with an error that has no better class here. */
public final class ServerException extends SourceException {
    private static final long serialVersionUID = 1;

    private final String sqlState;
    private final boolean retryable;

    public ServerException(
            String sqlState, boolean retryable, String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
        this.sqlState = sqlState;
        this.retryable = retryable;
    }

    /** The five characters that name the error, see PostgreSQL's appendix "Error Codes". */
    public String sqlState() {
        return sqlState;
    }

    @Override
    public boolean retryable() {
        return retryable;
    }
}
