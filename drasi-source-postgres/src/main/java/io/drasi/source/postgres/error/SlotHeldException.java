// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** Another process reads from the replication slot, or has it reserved. */
public final class SlotHeldException extends SourceException {
    private static final long serialVersionUID = 1;

    private final boolean retryable;

    /** @param retryable whether to wait until the slot is free */
    public SlotHeldException(String message, @Nullable String remedy, boolean retryable, @Nullable Throwable cause) {
        super(message, remedy, cause);
        this.retryable = retryable;
    }

    @Override
    public boolean retryable() {
        return retryable;
    }
}
