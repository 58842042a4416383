// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import java.io.IOException;

/** The reader of the output has gone, as {@code head} does when it has seen enough. */
public final class OutputClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    OutputClosedException(IOException cause) {
        super("standard output was closed by its reader", cause);
    }
}
