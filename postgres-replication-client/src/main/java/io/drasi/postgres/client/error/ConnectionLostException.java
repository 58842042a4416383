// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

/** A connection that existed is gone: I/O error, end of file, a peer gone silent, an interrupt, or {@code abort()}. */
public final class ConnectionLostException extends PostgresClientException {
    private static final long serialVersionUID = 1L;

    public ConnectionLostException(String message) {
        super(message, null);
    }

    public ConnectionLostException(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
