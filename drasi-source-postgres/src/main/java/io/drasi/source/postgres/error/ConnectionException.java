// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The server can't be reached, or the connection to it was lost. */
public final class ConnectionException extends SourceException {
    private static final long serialVersionUID = 1;

    public ConnectionException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
