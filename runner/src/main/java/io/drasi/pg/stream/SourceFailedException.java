// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

/** Says which of several sources failed; the cause says how. */
public final class SourceFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String sourceId;

    public SourceFailedException(String sourceId, Throwable cause) {
        super("source '" + sourceId + "' failed", cause);
        this.sourceId = sourceId;
    }

    public String sourceId() {
        return sourceId;
    }
}
