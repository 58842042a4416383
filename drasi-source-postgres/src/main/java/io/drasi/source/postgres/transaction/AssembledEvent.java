// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableDescription;
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

    /** A transaction is complete; it may be empty. */
    record Committed(CommittedTransaction transaction) implements AssembledEvent {
        public Lsn endLsn() {
            return new Lsn(transaction.endLsn());
        }
    }
}
