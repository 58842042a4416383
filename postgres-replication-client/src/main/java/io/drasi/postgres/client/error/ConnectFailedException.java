// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

/** No connection came about: host unknown or unreachable, connection refused, or no answer in time. */
public final class ConnectFailedException extends PostgresClientException {
    private static final long serialVersionUID = 1L;

    public ConnectFailedException(String message) {
        super(message, null);
    }

    public ConnectFailedException(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
