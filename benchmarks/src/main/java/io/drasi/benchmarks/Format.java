// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

/** How the server sends a value. A sample has its bytes in each format. */
public enum Format {
    /** What the type's output function prints. */
    TEXT,
    /** What the type's send function makes. */
    BINARY
}
