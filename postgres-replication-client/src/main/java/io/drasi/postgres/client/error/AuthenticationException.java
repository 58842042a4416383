// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

/** The login failed on this side: a method that is refused or not supported, no password, or a server that does not know the password either. */
public final class AuthenticationException extends PostgresClientException {
    private static final long serialVersionUID = 1L;

    public AuthenticationException(String message) {
        super(message, null);
    }

    public AuthenticationException(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
