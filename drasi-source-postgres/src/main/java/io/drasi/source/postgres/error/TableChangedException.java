// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

/** A table was changed while a bootstrap was about to read it. The bootstrap begins again. */
public final class TableChangedException extends SourceException {
    private static final long serialVersionUID = 1;

    public TableChangedException(String message) {
        super(message, null, null);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
