// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

import io.drasi.postgres.protocol.wire.ByteSlice;

/** Takes what {@code COPY … TO STDOUT} sends. */
@FunctionalInterface
public interface CopyConsumer {
    /**
     * Called for each CopyData message in order, on the thread that runs the COPY. In text and CSV format a message is
     * one row, its newline included; in binary format one tuple, the first with the header before it. The server doesn't
     * promise that. An exception ends the COPY and closes the connection.
     *
     * @param data borrowed: valid until this method returns
     */
    void accept(ByteSlice data);
}
