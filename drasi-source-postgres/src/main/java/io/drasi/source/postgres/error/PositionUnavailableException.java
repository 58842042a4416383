// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** The slot can't give the changes that are needed: it is gone, invalidated, or has moved past them. */
public final class PositionUnavailableException extends SourceException {
    private static final long serialVersionUID = 1;

    public PositionUnavailableException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
