// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** Something the server sent can't be understood. It was not skipped: the source stopped there. */
public final class DecodingException extends SourceException {
    private static final long serialVersionUID = 1;

    public DecodingException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
