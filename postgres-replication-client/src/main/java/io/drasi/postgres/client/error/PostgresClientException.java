// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

import org.jspecify.annotations.Nullable;

/** A connection that could not be made, broke, or got an error from the server. Messages never contain secrets. */
public abstract sealed class PostgresClientException extends RuntimeException
        permits ConnectFailedException,
                ConnectionLostException,
                TlsException,
                AuthenticationException,
                ServerErrorException {
    private static final long serialVersionUID = 1L;

    PostgresClientException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** True if the same call may succeed later with nothing changed; false if somebody has to fix something first. */
    public abstract boolean retryable();
}
