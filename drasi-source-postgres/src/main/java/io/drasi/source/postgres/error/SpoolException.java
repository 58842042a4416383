// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import io.drasi.model.FinalFailure;
import org.jspecify.annotations.Nullable;

/**
 * What of a large transaction does not stay in memory can't be written to a file, or read back. Nothing of the transaction
 * counts as confirmed by that: the server sends it again.
 */
public final class SpoolException extends SourceException implements FinalFailure {
    private static final long serialVersionUID = 1;

    public SpoolException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
