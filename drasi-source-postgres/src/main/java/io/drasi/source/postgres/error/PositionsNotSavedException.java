// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import io.drasi.model.PositionStoreException;

/** What was confirmed can't be saved in the position store. Until it can, the server is not told of it. */
public final class PositionsNotSavedException extends SourceException {
    private static final long serialVersionUID = 1;

    public PositionsNotSavedException(PositionStoreException cause) {
        super(
                "what was confirmed can't be saved: " + cause.getMessage(),
                "Once it can, the source goes on by itself; until then the server keeps what is not saved.",
                cause);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
