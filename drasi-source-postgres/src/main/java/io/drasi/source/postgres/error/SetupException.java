// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The server, the database or the configuration lacks something that the source needs. */
public final class SetupException extends SourceException {
    private static final long serialVersionUID = 1;

    public SetupException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
