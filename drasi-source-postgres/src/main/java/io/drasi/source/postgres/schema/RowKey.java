// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import java.util.List;

/** What tells the rows of a table apart, and so what their element ids are made of. */
public sealed interface RowKey {
    /**
     * The values of columns.
     *
     * @param indexes places of the columns in the row, in the order in which their values stand in the id
     */
    record Columns(List<Integer> indexes) implements RowKey {
        public Columns {
            indexes = List.copyOf(indexes);
        }
    }

    /** The whole row: the table has no key, but the server sends old rows whole (REPLICA IDENTITY FULL). */
    record Content() implements RowKey {}

    /** The place of the row in the stream or the snapshot: nothing in the row tells it apart. */
    record Place() implements RowKey {}
}
