// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.schema.SchemaDifference;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.PreparedTransaction;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The source's end of a subscription: picks what the subscription wants, and has not been given before, of what bootstraps
 * and streams bring, and puts that in its queue. The registry is called without the subscription's lock.
 */
final class Inlet {
    private final SourceSubscription subscription;
    private final Subscriptions registry;
    private final LabelFilter filter;
    private final ReentrantLock lock;
    private final EventQueue queue;
    private final Standing standing;

    /** @param lock guards {@code queue} and {@code standing} */
    Inlet(
            SourceSubscription subscription,
            Subscriptions registry,
            LabelFilter filter,
            ReentrantLock lock,
            EventQueue queue,
            Standing standing) {
        this.subscription = subscription;
        this.registry = registry;
        this.filter = filter;
        this.lock = lock;
        this.queue = queue;
        this.standing = standing;
    }

    boolean takes(String label) {
        return filter.takes(label);
    }

    // ---- a bootstrap ----

    /**
     * Begins a bootstrap, maybe once more: what was put in of an earlier one is taken back.
     *
     * @param besideStream whether the subscription stands apart from the shared stream, until it {@linkplain
     *     SourceSubscription#join joins}
     */
    void startBootstrap(SourceEvent.BootstrapStarted started, long slotLsn, boolean besideStream) {
        subscription.storeNoMore();
        registry.forget(subscription); // before the subscriber forgets what it has
        lock.lock();
        try {
            queue.keepSchemaChanges();
            standing.startBootstrap(started.position(), slotLsn, besideStream);
        } finally {
            lock.unlock();
        }
        List<String> labels = started.labels().stream().filter(filter::takes).toList();
        putOfBootstrap(new SourceEvent.BootstrapStarted(started.position(), started.snapshotTime(), labels), () -> {});
    }

    void putBatch(SourceEvent.BootstrapBatch batch) {
        if (filter.takes(batch.label())) {
            putOfBootstrap(batch, () -> standing.rowsPutIn(batch.rows().size()));
        }
    }

    void completeBootstrap(Position position) {
        long rows;
        lock.lock();
        try {
            rows = standing.bootstrapRows();
        } finally {
            lock.unlock();
        }
        putOfBootstrap(new SourceEvent.BootstrapCompleted(position, rows), standing::bootstrapPutIn);
    }

    /** Tells how far its bootstrap is, if the subscriber takes events as fast as they come. */
    void tell(SourceEvent.BootstrapProgress progress) {
        lock.lock();
        try {
            queue.tell(progress);
        } finally {
            lock.unlock();
        }
    }

    /** Tells why its bootstrap does not come yet. The last reason counts, and there is always room for it. */
    void tell(SourceEvent.BootstrapDelayed delayed) {
        lock.lock();
        try {
            queue.tell(delayed);
        } finally {
            lock.unlock();
        }
    }

    private void putOfBootstrap(SourceEvent event, Runnable before) {
        lock.lock();
        try {
            queue.putOfBootstrap(event, before);
        } finally {
            lock.unlock();
        }
    }

    // ---- the streams ----

    /**
     * Puts in what the subscription wants of a transaction, if it has not been given it before; nothing before its
     * bootstrap. Returns whether there was something.
     */
    boolean putTransaction(CommittedTransaction transaction, boolean fromApart) {
        if (subscription.wantsBootstrap() || subscription.isApart() != fromApart || endIfCountDoesNotFit(transaction)) {
            return false;
        }
        Optional<CommittedTransaction> wanted = select(transaction)
                .map(selected -> isOpen() ? selected : transaction) // outstanding for good, whatever is in it
                .filter(selected -> selected.size() > 0);
        wanted.ifPresent(selected -> put(selected, () -> standing.putIn(selected)));
        return wanted.isPresent();
    }

    private Optional<CommittedTransaction> select(CommittedTransaction transaction) {
        Position start;
        lock.lock();
        try {
            start = standing.after();
        } finally {
            lock.unlock();
        }
        boolean partly = start != null && start.commitLsn() == transaction.commitLsn() && start.ordinal() >= 0;
        if (start != null && transaction.position().compareTo(start) <= 0) {
            return Optional.empty();
        }
        if (transaction.labels().stream().noneMatch(filter::takes)) {
            return Optional.empty();
        }
        if (!partly && transaction.labels().stream().allMatch(filter::takes)) {
            return Optional.of(transaction);
        }
        Position boundary = partly ? start : Position.before(0);
        return Optional.of(
                transaction.select(
                        (change, position) -> boundary != null && position.compareTo(boundary) <= 0
                                ? Optional.<SourceChange>empty()
                                : filter.take(change, position),
                        this::isOpen));
    }

    private boolean isOpen() {
        lock.lock();
        try {
            return !queue.ended();
        } finally {
            lock.unlock();
        }
    }

    /** A position within a transaction that has fewer changes than that is not one of this server's. */
    private boolean endIfCountDoesNotFit(CommittedTransaction transaction) {
        Position start;
        lock.lock();
        try {
            start = standing.after();
        } finally {
            lock.unlock();
        }
        if (start == null
                || start.commitLsn() != transaction.commitLsn()
                || start.ordinal() <= transaction.position().ordinal()) {
            return false;
        }
        subscription.storeNoMore(); // the position that it begins with
        registry.remove(subscription);
        subscription.end(
                new PositionUnavailableException(
                        "subscription '" + subscription.queryId() + "' wants to go on from " + start
                                + ", but the transaction there ends at " + transaction.position(),
                        "The position is not one of this database. Subscribe with a bootstrap.",
                        null),
                false);
        return true;
    }

    /**
     * Announces the change. If the ids that the subscriber knows are no longer right, one that began with a bootstrap waits
     * for another from here on.
     */
    void putSchemaChange(SourceEvent.SchemaChanged change, boolean fromApart) {
        boolean wanted = filter.takes(change.label())
                || change.previousLabel().map(filter::takes).orElse(false);
        if (!wanted
                || subscription.wantsBootstrap()
                || subscription.isApart() != fromApart
                || isBeforeBegin(change.position())
                || (!fromApart && wasToldApart(change))) {
            return;
        }
        put(inOrder(change), () -> {
            standing.schema().told(change, standing.isApart());
            if (change.idsInvalidated()) {
                standing.idsInvalidated();
            }
        });
    }

    /** Announces it, if the subscription wants that and was not told before. */
    void putPrepared(PreparedTransaction transaction) {
        if (subscription.wantsPrepared() && !subscription.wantsBootstrap() && toldPrepared(it -> it.tell(transaction))) {
            put(
                    new SourceEvent.TransactionPrepared(
                            transaction.gid(),
                            transaction.xid(),
                            transaction.prepareTime(),
                            transaction.prepareLsn().value()),
                    () -> {});
        }
    }

    /** Announces the end of a transaction that was announced. */
    void putPreparedEnded(AssembledEvent.PreparedEnded ended) {
        PreparedTransaction transaction = ended.transaction();
        if (toldPrepared(it -> it.tellEnd(transaction))) {
            put(
                    new SourceEvent.PreparedTransactionEnded(
                            transaction.gid(),
                            transaction.xid(),
                            transaction.prepareLsn().value(),
                            ended.endTime(),
                            ended.endLsn().value(),
                            ended.committed()),
                    () -> {});
        }
    }

    private boolean toldPrepared(Predicate<ToldPrepared> telling) {
        lock.lock();
        try {
            return telling.test(standing.prepared());
        } finally {
            lock.unlock();
        }
    }

    /**
     * The shared stream describes a table, which the subscription may know otherwise than that stream did: it has its own
     * place in the table's history until then.
     *
     * @return whether it does, so that what changed for the others is not for it
     */
    boolean takeDescription(TableDescription description) {
        TableShape known;
        lock.lock();
        try {
            if (standing.isBeforeBegin(description.position()) || standing.isApart()) {
                return false;
            }
            known = standing.schema().takeExpected(description.oid());
        } finally {
            lock.unlock();
        }
        if (known == null) {
            return false;
        }
        SchemaDifference.between(known, description.shape(), description.position())
                .ifPresent(change -> putSchemaChange(change, false));
        return true;
    }

    private boolean isBeforeBegin(Position position) {
        lock.lock();
        try {
            return standing.isBeforeBegin(position);
        } finally {
            lock.unlock();
        }
    }

    private boolean wasToldApart(SourceEvent.SchemaChanged change) {
        lock.lock();
        try {
            return standing.schema().wasToldApart(change);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What the catalog tells (keys, labels of enums) is as it is now, and so may be noticed in a repeated transaction from
     * before: then it stands after all that was given.
     */
    private SourceEvent.SchemaChanged inOrder(SourceEvent.SchemaChanged change) {
        Position after;
        lock.lock();
        try {
            after = standing.after();
        } finally {
            lock.unlock();
        }
        return after == null || change.position().compareTo(after) >= 0
                ? change
                : new SourceEvent.SchemaChanged(
                        after,
                        change.label(),
                        change.previousLabel(),
                        change.columns(),
                        change.changes(),
                        change.idsInvalidated());
    }

    /** @param before is done with the lock held, as {@link EventQueue#put} says */
    private void put(SourceEvent event, Runnable before) {
        lock.lock();
        try {
            if (queue.put(event, standing.isApart(), before)) {
                standing.forgetSent();
            }
        } finally {
            lock.unlock();
        }
    }
}
