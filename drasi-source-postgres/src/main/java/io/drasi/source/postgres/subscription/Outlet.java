// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.PreparedTransaction;

/** Where what a stream brings goes to. One thread hands out; {@link #confirmedUpTo} is for any. */
public interface Outlet {
    /** Hands out; may wait for room. Returns whether somebody wants something of it. */
    boolean handOut(CommittedTransaction transaction);

    /**
     * Something about a table has changed that its description does not tell.
     *
     * @param repeated whether an earlier stream has brought it: then it is only for those that were not there
     */
    void handOut(SourceEvent.SchemaChanged change, boolean repeated);

    /** A table is described before its first row in a stream, and again when it has changed. */
    void described(TableDescription description);

    /** A transaction was prepared, which is handed out if it is committed; maybe brought by an earlier stream already. */
    default void prepared(PreparedTransaction transaction) {}

    /** A transaction that was prepared has ended; if it was committed, it was handed out just before. */
    default void preparedEnded(AssembledEvent.PreparedEnded ended) {}

    /** Everything that committed before {@code lsn} was handed out. */
    void reached(Lsn lsn);

    /**
     * Up to where the server may forget its log.
     *
     * @param reached everything before it was handed out
     */
    Lsn confirmedUpTo(Lsn reached);

    /**
     * Has {@link #confirmedUpTo} say as much as can be, where something has to be saved first; waits for that. Once nothing more
     * is handed out.
     *
     * @throws io.drasi.source.postgres.error.PositionsNotSavedException if it can't be saved
     */
    default void save(Lsn reached) {}
}
