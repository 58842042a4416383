// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.ShapeChange;

/** What comes out of the assembler. */
public sealed interface AssembledEvent {
    /** Nothing yet. */
    record None() implements AssembledEvent {}

    /** A table has a new shape. */
    record Schema(ShapeChange change) implements AssembledEvent {}

    /** A transaction is complete; it may be empty. */
    record Committed(CommittedTransaction transaction) implements AssembledEvent {
        public Lsn endLsn() {
            return new Lsn(transaction.endLsn());
        }
    }
}
