// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import io.drasi.model.Position;

/** Where a row stands; tells rows without a key apart, and says in errors where something went wrong. */
public sealed interface RowPlace {
    /** A row of the stream. */
    record InStream(Position position) implements RowPlace {
        @Override
        public String toString() {
            return "position " + position;
        }
    }

    /**
     * A row of a snapshot.
     *
     * @param tableOid of the table or partition that holds it
     * @param ctid its place there
     */
    record InSnapshot(String tableOid, String ctid) implements RowPlace {
        @Override
        public String toString() {
            return "ctid " + tableOid + " " + ctid;
        }
    }
}
