// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import io.drasi.model.SourceEvent;
import java.io.IOException;

/** Writes the events of one subscription, in their order, into a {@link CountedOutput}. */
public interface EventPrinter {
    /**
     * Hands the event over to the output, whole. It need not have reached the operating system: that is for
     * {@link CountedOutput#flush}.
     *
     * @throws IOException if the output cannot be written; part of the event may have been
     */
    void print(SourceEvent event) throws IOException;
}
