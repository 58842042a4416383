// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

/** Format code of a value. */
public enum Format {
    /** 0: the type's output text. */
    TEXT,
    /** 1: what the type's send function makes; for a whole COPY the binary COPY format. */
    BINARY
}
