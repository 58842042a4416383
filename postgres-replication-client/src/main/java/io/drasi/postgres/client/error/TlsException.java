// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

/** Encryption as configured is not to be had: the server has none, its certificate is not trusted or has another name, a file is missing or unreadable, or bytes arrived that an attacker may have put there. */
public final class TlsException extends PostgresClientException {
    private static final long serialVersionUID = 1L;

    public TlsException(String message) {
        super(message, null);
    }

    public TlsException(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
