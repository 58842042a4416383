// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The server can't go on with what was read before, but another one of the hosts may, or the same one later. */
public final class HostUnsuitableException extends SourceException {
    private static final long serialVersionUID = 1;

    public HostUnsuitableException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
