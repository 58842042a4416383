// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableDescription;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What comes out of the assembler. */
public sealed interface AssembledEvent {
    /**
     * Something about tables was learned.
     *
     * @param description of one that is read
     * @param changes of tables that have another shape or other ids now, without that of the description
     */
    record Schema(Optional<TableDescription> description, List<ShapeChange> changes) implements AssembledEvent {
        public Schema {
            changes = List.copyOf(changes);
        }
    }

    /** A transaction was prepared; its changes are kept. */
    record Prepared(PreparedTransaction transaction) implements AssembledEvent {}

    /**
     * A transaction that was prepared has ended. If it was committed, it has come out just before.
     *
     * @param endLsn where the record of its end ends
     */
    record PreparedEnded(PreparedTransaction transaction, Lsn endLsn, Instant endTime, boolean committed)
            implements AssembledEvent {}

    /** A transaction is complete; it may be empty. */
    record Committed(CommittedTransaction transaction) implements AssembledEvent {
        public Lsn endLsn() {
            return new Lsn(transaction.endLsn());
        }
    }
}
