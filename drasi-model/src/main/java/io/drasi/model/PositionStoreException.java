// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import org.jspecify.annotations.Nullable;

/** A {@link PositionStore} can't be opened, read or written. The message says where, why, and what to do. */
public final class PositionStoreException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public PositionStoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
