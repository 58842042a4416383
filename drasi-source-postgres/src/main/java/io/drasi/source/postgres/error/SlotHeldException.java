// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import org.jspecify.annotations.Nullable;

/** Another process reads from the replication slot, or has it reserved. */
public final class SlotHeldException extends SourceException {
    private static final long serialVersionUID = 1;

    public SlotHeldException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, remedy, cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
