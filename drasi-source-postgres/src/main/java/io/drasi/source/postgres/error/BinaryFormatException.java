// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

/** Rows can't be read in binary format any more. A source that may choose begins again in text format, at once. */
public final class BinaryFormatException extends SourceException {
    private static final long serialVersionUID = 1;

    public BinaryFormatException(String message, Throwable cause) {
        super(message, null, cause);
    }

    public BinaryFormatException(String message) {
        super(message, null, null);
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
