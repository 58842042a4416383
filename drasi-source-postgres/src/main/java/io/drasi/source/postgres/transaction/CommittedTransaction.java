// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import java.util.Collection;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A committed transaction, in memory or, what is more than that shall take, in a file. Shared by all subscriptions that want
 * all of it.
 *
 * <p>A view of it for one subscription ({@link #select}) keeps its {@link #position}, so that confirming it confirms the
 * whole transaction, whatever the subscription left out.
 */
public sealed interface CommittedTransaction extends SourceEvent.Transaction
        permits InMemoryTransaction, SpooledTransaction {
    /** The labels of the tables that it changes. */
    Set<String> labels();

    /** What is changed in each table, whatever a {@link #select selection} has left out. */
    Collection<TableTally> tallies();

    /** The position of the last change here; there must be one. */
    Position lastChange();

    /** Bytes of memory that it takes, about. */
    long weight();

    /**
     * The transaction with only what {@code selection} takes; may be empty.
     *
     * @param wanted is asked now and then where that takes long; when it says no, what was not looked at is left out
     */
    CommittedTransaction select(ChangeSelection selection, BooleanSupplier wanted);

    /** Whether a part of it is in a file, which is there as long as somebody holds it. */
    default boolean inFile() {
        return false;
    }

    /** Somebody more holds it. By one who does. */
    default void retain() {
        // Memory needs no help.
    }

    /** One less holds it. Who has made it, does so until it is handed out. */
    default void release() {
        // Memory needs no help.
    }
}
