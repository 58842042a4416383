// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a {@link Subscription} yields, in this order: bootstrap (if asked for), then transactions and schema changes.
 *
 * <p>{@link BootstrapDelayed} and {@link BootstrapProgress} tell people how a bootstrap goes. They change nothing that the
 * subscriber has, and some are left out when it does not take events as fast as they come.
 */
public sealed interface SourceEvent {
    /**
     * A bootstrap begins: the subscriber forgets whatever it has. It comes again when a bootstrap broke and starts anew.
     *
     * @param position the snapshot's position: it holds exactly what committed before, the stream exactly what comes after
     * @param snapshotTime when the snapshot was taken, by the server's clock
     * @param labels the labels of the tables that will be read
     */
    record BootstrapStarted(Position position, Instant snapshotTime, List<String> labels) implements SourceEvent {
        public BootstrapStarted {
            Objects.requireNonNull(position, "position");
            Objects.requireNonNull(snapshotTime, "snapshotTime");
            labels = List.copyOf(labels);
        }
    }

    /**
     * A bootstrap does not begin yet, or broke and will begin again.
     *
     * @param reason what it waits for or what broke it, with what can be done about that
     */
    record BootstrapDelayed(String reason) implements SourceEvent {
        public BootstrapDelayed {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * How far the reading of a table is: once when it begins, about once a second, and when all of its rows were read. Comes
     * between {@link BootstrapStarted} and {@link BootstrapCompleted}; several tables may be read at a time.
     *
     * @param rowsRead until now, for all subscriptions that share the bootstrap
     * @param rowsEstimated by the server's planner, before the first was read; 0 or more, and often wrong for a table that was
     *     never analyzed
     * @param done whether there are no more
     */
    record BootstrapProgress(String label, long rowsRead, long rowsEstimated, boolean done) implements SourceEvent {
        public BootstrapProgress {
            Objects.requireNonNull(label, "label");
        }
    }

    /**
     * Rows of the snapshot, all of one table. Batches come in no particular order, those of different tables mixed: several
     * connections may read at a time.
     *
     * @param rows at least one
     */
    record BootstrapBatch(String label, List<SourceChange.Insert> rows) implements SourceEvent {
        public BootstrapBatch {
            Objects.requireNonNull(label, "label");
            rows = List.copyOf(rows);
        }
    }

    /**
     * All rows of the snapshot were delivered. To be confirmed with {@link #position}: a bootstrap that was not confirmed
     * is made again after a restart.
     *
     * @param rows the number of rows delivered since {@link BootstrapStarted}
     */
    record BootstrapCompleted(Position position, long rows) implements SourceEvent {
        public BootstrapCompleted {
            Objects.requireNonNull(position, "position");
        }
    }

    /** A committed transaction, whole, with those of its changes that the subscription wants; at least one. */
    non-sealed interface Transaction extends SourceEvent {
        /** The server's transaction id, unsigned 32 bits; it wraps around. */
        long xid();

        /** The commit time by the server's clock, microsecond precision. */
        Instant commitTime();

        /** Start of the commit record; unsigned. */
        long commitLsn();

        /** First byte after the commit record; unsigned. */
        long endLsn();

        /**
         * The position of the last change that the server sent, at or after that of the last one here: the subscription may
         * have left some out. Confirming it, or that of the last one here, confirms the whole transaction.
         */
        Position position();

        /** The number of changes that {@link #cursor} gives. */
        long size();

        /** A new cursor before the first change. */
        ChangeCursor cursor();

        /** The changes in order; may be walked along more than once. */
        default Iterable<SourceChange> changes() {
            return () -> new TransactionIterator(cursor());
        }
    }

    /**
     * A transaction was prepared for a two-phase commit: what it changes is not committed. For subscriptions that {@linkplain
     * SubscriptionSettings#withPrepared ask} for it; nothing is to be confirmed. Comes once in a run of the source, whether the
     * subscription wants something of the transaction or not; and again after a restart, if it has not ended by then.
     *
     * @param gid the name that PREPARE TRANSACTION gave it; unique only among those that are prepared at the same time
     * @param xid as that of its {@link Transaction}
     * @param prepareTime by the server's clock, microsecond precision
     * @param prepareLsn start of the prepare record; unsigned. Tells apart transactions of one {@code gid}
     */
    record TransactionPrepared(String gid, long xid, Instant prepareTime, long prepareLsn) implements SourceEvent {
        public TransactionPrepared {
            Objects.requireNonNull(gid, "gid");
            Objects.requireNonNull(prepareTime, "prepareTime");
        }
    }

    /**
     * A transaction that was announced by {@link TransactionPrepared} has ended. If it was committed, and the subscription wants
     * something of it, it stands just before that, as a {@link Transaction} at the place of its commit; if it was rolled back, it
     * is never given.
     *
     * @param prepareLsn as in {@link TransactionPrepared}
     * @param endTime by the server's clock, microsecond precision
     * @param endLsn first byte after the record of COMMIT PREPARED or ROLLBACK PREPARED; unsigned
     * @param committed false: it was rolled back
     */
    record PreparedTransactionEnded(
            String gid, long xid, long prepareLsn, Instant endTime, long endLsn, boolean committed)
            implements SourceEvent {
        public PreparedTransactionEnded {
            Objects.requireNonNull(gid, "gid");
            Objects.requireNonNull(endTime, "endTime");
        }
    }

    /**
     * The shape of a table changed. Comes before the first transaction with a row of the new shape.
     *
     * @param position of the transaction in which the new shape was first seen, before its changes; that of the last
     *     transaction given, if it was noticed only when the server repeated that one after a reconnect
     * @param label the table's label now
     * @param previousLabel the table's label before, when it was renamed
     * @param columns the names of its columns now, in order
     * @param changes what changed, a sentence each, e.g. {@code column "age" integer was added}
     * @param idsInvalidated whether the ids of rows that exist have changed, so that the table is to be bootstrapped again
     */
    record SchemaChanged(
            Position position,
            String label,
            Optional<String> previousLabel,
            List<String> columns,
            List<String> changes,
            boolean idsInvalidated)
            implements SourceEvent {
        public SchemaChanged {
            Objects.requireNonNull(position, "position");
            Objects.requireNonNull(label, "label");
            Objects.requireNonNull(previousLabel, "previousLabel");
            columns = List.copyOf(columns);
            changes = List.copyOf(changes);
        }
    }
}
