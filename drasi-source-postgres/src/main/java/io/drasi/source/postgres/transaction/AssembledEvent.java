// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.ShapeChange;
import java.util.List;

/** What comes out of the assembler. */
public sealed interface AssembledEvent {
    /** Nothing yet. */
    record None() implements AssembledEvent {}

    /** Tables have another shape, or other ids. */
    record Schema(List<ShapeChange> changes) implements AssembledEvent {
        public Schema {
            changes = List.copyOf(changes);
        }
    }

    /** A transaction is complete; it may be empty. */
    record Committed(CommittedTransaction transaction) implements AssembledEvent {
        public Lsn endLsn() {
            return new Lsn(transaction.endLsn());
        }
    }
}
