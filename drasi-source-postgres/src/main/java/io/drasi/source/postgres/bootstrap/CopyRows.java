// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.postgres.protocol.wire.ByteSlice;
import java.util.List;
import java.util.Optional;

/** Reads the rows of a COPY, in the messages in which the server sends them, into the form that rows have in the stream. */
interface CopyRows {
    /**
     * A row.
     *
     * @param leading texts that stand before the columns of the table
     * @param tuple in an array of its own
     */
    record Row(List<String> leading, TupleData tuple) {}

    /**
     * @param message borrowed
     * @return its row; empty if it has none
     * @throws io.drasi.source.postgres.error.DecodingException if it is something else
     */
    Optional<Row> read(ByteSlice message);

    /** The COPY has ended. */
    void end();
}
