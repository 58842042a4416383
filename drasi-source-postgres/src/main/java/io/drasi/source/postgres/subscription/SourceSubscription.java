// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.schema.SchemaDifference;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One subscription: a bounded queue between the source's thread, which puts events in, and the subscriber, who takes
 * them out and confirms.
 */
public final class SourceSubscription implements Subscription {
    /** How far the subscription's bootstrap is. */
    private enum Bootstrap {
        NOT_WANTED,
        WANTED,
        SENDING,
        SENT,
        CONFIRMED
    }

    /** Each may hold many rows, so that fewer of them wait than of other events. */
    private static final int BOOTSTRAP_CAPACITY = 16;

    private final SubscriptionSettings settings;
    private final LabelFilter filter;
    private final DispatchMode mode;
    private final int capacity;
    private final Subscriptions registry;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition taken = lock.newCondition();
    private final Condition added = lock.newCondition();
    private final Deque<SourceEvent> queue = new ArrayDeque<>();
    private final Confirmations confirmations = new Confirmations(0);
    private final EventIterator iterator = new EventIterator(this);

    // All below are guarded by the lock.
    private Resumption resumption;
    private Bootstrap bootstrap;
    private Position bootstrapPosition = Position.before(0);
    private long bootstrapRows;
    private @Nullable Position after; // only what comes after this position is put in
    private @Nullable Position since; // where it began to be given what the stream brings
    private @Nullable Position given; // the last position that the subscriber took
    private @Nullable Position confirmed; // the last position that the subscriber confirmed
    private boolean storable; // what it confirms is a position to go on from; nothing less is in a position store
    private boolean stored; // the position store may have something of it
    private boolean apart; // is given what commits by a stream of its own, not by the shared one
    private Lsn reachedApart = Lsn.INVALID; // everything before it was put in by that stream
    // Put in by that stream after what it has reached; the shared one does not give them again if it takes over.
    private final List<SourceEvent.SchemaChanged> announcedApart = new ArrayList<>();
    private @Nullable Position announcedUpTo; // of the transaction in which the last schema change was put in
    private final List<SourceEvent.SchemaChanged> announcedThere = new ArrayList<>(); // all of that transaction
    private boolean givenUp; // no log is kept for it
    // The tables as it knows them from a bootstrap beside the stream, by OID, until the stream describes them.
    private final Map<Long, TableShape> expected = new HashMap<>();
    private boolean inStream; // is given what the present stream brings, and not only from the next one on
    private int
            notCounted; // how many of the queue's first events a broadcast's subscriber may have beyond its capacity
    private int tidings; // events in the queue that only tell how a bootstrap goes; they take nobody's room
    private long lost; // events that a broadcast dropped; from then on all are
    private boolean ended;
    private @Nullable RuntimeException failure;

    SourceSubscription(
            SubscriptionSettings settings,
            Resumption resumption,
            DispatchMode mode,
            int capacity,
            Subscriptions registry) {
        this.settings = settings;
        this.resumption = resumption;
        this.filter = new LabelFilter(settings.labels());
        this.mode = mode;
        this.capacity = capacity;
        this.registry = registry;
        this.bootstrap = !settings.bootstrap()
                ? Bootstrap.NOT_WANTED
                : resumption.position().isPresent() ? Bootstrap.CONFIRMED : Bootstrap.WANTED;
        this.after = resumption.position().orElse(null);
        this.since = after;
        this.given = after;
        this.confirmed = after;
        this.storable = bootstrap != Bootstrap.WANTED;
        this.stored = resumption.stored().isPresent();
    }

    @Override
    public String queryId() {
        return settings.queryId();
    }

    // ---- the subscriber's side ----

    @Override
    public Optional<SourceEvent> poll(Duration timeout) throws InterruptedException {
        long nanos = TimeUnit.NANOSECONDS.convert(timeout); // saturates
        SourceException lagged;
        lock.lockInterruptibly();
        try {
            while (true) {
                if (lost > 0 && failure == null) {
                    lagged = endLagged();
                    break;
                }
                SourceEvent event = queue.poll();
                if (event != null) {
                    give(event);
                    return Optional.of(event);
                }
                if (failure != null) {
                    throw failure;
                }
                if (ended || nanos <= 0) {
                    return Optional.empty();
                }
                nanos = added.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
        registry.remove(this); // without the lock: others ask this subscription while they hold theirs
        throw lagged;
    }

    @Override
    public boolean ended() {
        lock.lock();
        try {
            return ended && queue.isEmpty() && failure == null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void confirm(Position position) {
        boolean bootstrapConfirmed = false;
        lock.lock();
        try {
            if (given == null || position.compareTo(given) > 0) {
                throw new IllegalArgumentException("subscription '" + queryId() + "' can't confirm " + position
                        + ": it has been given " + (given == null ? "nothing yet" : "no more than " + given));
            }
            confirmations.confirm(position);
            if (confirmed == null || position.compareTo(confirmed) > 0) {
                confirmed = position;
            }
            if (bootstrap == Bootstrap.SENT && position.compareTo(bootstrapPosition) >= 0) {
                bootstrap = Bootstrap.CONFIRMED;
                bootstrapConfirmed = true;
            }
            storable |= bootstrapConfirmed;
        } finally {
            lock.unlock();
        }
        if (bootstrapConfirmed) {
            registry.confirmedBootstrap();
        }
        registry.confirmed();
    }

    @Override
    public Iterator<SourceEvent> iterator() {
        return iterator;
    }

    @Override
    public void close() {
        end(null, true);
        registry.remove(this);
    }

    // ---- the source's side ----

    /** Whether it still has to be given a bootstrap. */
    boolean wantsBootstrap() {
        lock.lock();
        try {
            return lost == 0 && waitsForBootstrap();
        } finally {
            lock.unlock();
        }
    }

    /** Whether another bootstrap could take the place of changes that are lost. */
    boolean beganWithBootstrap() {
        lock.lock();
        try {
            return settings.bootstrap() && lost == 0 && !ended;
        } finally {
            lock.unlock();
        }
    }

    /** It waits for another bootstrap: changes that it was to be given, by whichever stream, are lost. */
    void startOver() {
        lock.lock();
        try {
            bootstrap = Bootstrap.WANTED;
            resumption = Resumption.NOWHERE;
            after = null;
            since = null;
            apart = false;
            reachedApart = Lsn.INVALID;
            announcedApart.clear();
            expected.clear();
            givenUp = false;
            storable = false;
        } finally {
            lock.unlock();
        }
    }

    private boolean waitsForBootstrap() {
        return bootstrap == Bootstrap.WANTED || bootstrap == Bootstrap.SENDING;
    }

    /** A mark on the server tells that it waits for its bootstrap: from now on it has no position to go on from. */
    void owed() {
        if (storeNoMoreIfWaiting()) {
            registry.forget(this);
        }
    }

    /** Whether it is not on the shared stream yet: it waits for its bootstrap, or catches up after it. */
    boolean isOnItsWay() {
        lock.lock();
        try {
            return lost == 0 && (waitsForBootstrap() || apart);
        } finally {
            lock.unlock();
        }
    }

    /** What it was given of a bootstrap beside the stream is worth nothing any more: it waits for another one. */
    void giveUp() {
        lock.lock();
        try {
            if (waitsForBootstrap() || apart) {
                bootstrap = Bootstrap.WANTED;
                apart = false;
                announcedApart.clear();
                storable = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** No log is kept for it, if it waits for a bootstrap, until that is to {@linkplain #holdAgain begin}. */
    void letGo() {
        if (!storeNoMoreIfWaiting()) {
            return;
        }
        registry.forget(this); // before the log is let go that goes on from there
        lock.lock();
        try {
            givenUp = waitsForBootstrap();
        } finally {
            lock.unlock();
        }
    }

    /** Its bootstrap is to begin: from here on the log is kept for it. */
    void holdAgain() {
        lock.lock();
        try {
            givenUp = false;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was given a bootstrap that it has not confirmed. */
    boolean bootstrapOpen() {
        lock.lock();
        try {
            return lost == 0 && bootstrap != Bootstrap.NOT_WANTED && bootstrap != Bootstrap.CONFIRMED;
        } finally {
            lock.unlock();
        }
    }

    /** Knows the log up to there: a snapshot or a commit that it was given, or the position that it wants to go on from. */
    Lsn furthest() {
        lock.lock();
        try {
            return after == null ? Lsn.INVALID : ReadLog.knownUpTo(after);
        } finally {
            lock.unlock();
        }
    }

    Optional<Position> resumeFrom() {
        return resumption().position();
    }

    /** Where it goes on; one that waits for a bootstrap, or has been given one, does so nowhere. */
    Resumption resumption() {
        lock.lock();
        try {
            return waitsForBootstrap() ? Resumption.NOWHERE : resumption;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it would have begun with a bootstrap, but goes on from a position, and so has had one. */
    boolean hasHadBootstrap() {
        return settings.bootstrap() && resumeFrom().isPresent();
    }

    /**
     * From where it could go on if the process ended now; empty if only a bootstrap would help, or it has
     * {@linkplain #storeNoMore left the store}.
     *
     * @param least was confirmed by all; it lacks nothing that commits before
     */
    Optional<Position> toStore(Lsn least) {
        lock.lock();
        try {
            Lsn whole = new Lsn(confirmations.confirmedLsn()).max(least);
            if (!storable || lost > 0 || !whole.isValid()) {
                return Optional.empty();
            }
            stored = true;
            Position position = Position.before(whole.value());
            return Optional.of(confirmed != null && confirmed.compareTo(position) > 0 ? confirmed : position);
        } finally {
            lock.unlock();
        }
    }

    /** From now on there is nothing {@linkplain #toStore to store}, unless it confirms a bootstrap. */
    void storeNoMore() {
        lock.lock();
        try {
            storable = false;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it waits for a bootstrap; then it {@linkplain #storeNoMore stores no more}. */
    private boolean storeNoMoreIfWaiting() {
        lock.lock();
        try {
            boolean waits = lost == 0 && waitsForBootstrap();
            storable &= !waits;
            return waits;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the store may have a position of it, from which it can't go on. */
    boolean isForgettable() {
        lock.lock();
        try {
            return stored && !storable;
        } finally {
            lock.unlock();
        }
    }

    /** The store has no position of it any more. After {@link #storeNoMore}. */
    void isForgotten() {
        lock.lock();
        try {
            stored = false;
        } finally {
            lock.unlock();
        }
    }

    boolean takes(String label) {
        return filter.takes(label);
    }

    Set<String> unknownLabels(Set<String> known) {
        return filter.unknown(known);
    }

    /** From now on it is given what the stream brings. */
    void enterStream() {
        lock.lock();
        try {
            inStream = true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether a change that the stream repeats is new to it: it was not told of that, nor of a later one, and was not given the
     * transaction either, since then it knows the table as it became.
     */
    boolean lacks(SourceEvent.SchemaChanged repeated) {
        lock.lock();
        try {
            Position position = repeated.position();
            int toAnnounced = announcedUpTo == null ? 1 : position.compareTo(announcedUpTo);
            boolean given = after != null && after.compareTo(position) > 0;
            return !given && (toAnnounced > 0 || (toAnnounced == 0 && !announcedThere.contains(repeated)));
        } finally {
            lock.unlock();
        }
    }

    private void announced(SourceEvent.SchemaChanged change) {
        if (announcedUpTo == null || change.position().compareTo(announcedUpTo) > 0) {
            announcedUpTo = change.position();
            announcedThere.clear();
        }
        if (change.position().equals(announcedUpTo)) {
            announcedThere.add(change);
        }
    }

    /** Whether it is given what the present stream brings. */
    boolean inStream() {
        lock.lock();
        try {
            return inStream;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing up to and including {@code position} shall be put in; a later boundary of its own stays. */
    void joinAfter(Position position) {
        lock.lock();
        try {
            if (after == null || position.compareTo(after) > 0) {
                after = position;
            }
            if (since == null || position.compareTo(since) > 0) {
                since = position;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins a bootstrap, maybe once more: what was put in of an earlier one is taken back.
     *
     * @param besideStream whether the subscription stands apart from the shared stream, until it {@linkplain #join joins}
     */
    void startBootstrap(SourceEvent.BootstrapStarted started, long slotLsn, boolean besideStream) {
        storeNoMore();
        registry.forget(this); // before the subscriber forgets what it has
        lock.lock();
        try {
            apart = besideStream;
            reachedApart = Lsn.INVALID;
            announcedApart.clear();
            expected.clear();
            queue.removeIf(event -> !(event instanceof SourceEvent.SchemaChanged));
            notCounted = 0;
            tidings = 0;
            confirmations.forgetSent();
            confirmations.startAt(slotLsn);
            resumption = Resumption.NOWHERE;
            bootstrap = Bootstrap.SENDING;
            bootstrapRows = 0;
            after = started.position();
            since = started.position();
            bootstrapPosition = started.position();
            confirmed = null;
            confirmations.sent(started.position(), started.position().commitLsn());
        } finally {
            lock.unlock();
        }
        List<String> labels = started.labels().stream().filter(filter::takes).toList();
        putOfBootstrap(new SourceEvent.BootstrapStarted(started.position(), started.snapshotTime(), labels), () -> {});
    }

    void putBatch(SourceEvent.BootstrapBatch batch) {
        if (filter.takes(batch.label())) {
            putOfBootstrap(batch, () -> bootstrapRows += batch.rows().size());
        }
    }

    /** Tells how far its bootstrap is, if the subscriber takes events as fast as they come. */
    void tell(SourceEvent.BootstrapProgress progress) {
        lock.lock();
        try {
            if (!over() && lost == 0 && tidings < bootstrapCapacity()) {
                tidings++;
                addUncounted(progress);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Tells why its bootstrap does not come yet. The last reason counts, and there is always room for it. */
    void tell(SourceEvent.BootstrapDelayed delayed) {
        lock.lock();
        try {
            if (!ended && lost == 0) {
                if (queue.peekLast() instanceof SourceEvent.BootstrapDelayed) {
                    queue.removeLast();
                } else {
                    tidings++;
                }
                addUncounted(delayed);
            }
        } finally {
            lock.unlock();
        }
    }

    void completeBootstrap(Position position) {
        long rows;
        lock.lock();
        try {
            rows = bootstrapRows;
        } finally {
            lock.unlock();
        }
        putOfBootstrap(new SourceEvent.BootstrapCompleted(position, rows), () -> bootstrap = Bootstrap.SENT);
    }

    /**
     * Announces the change. If the ids that the subscriber knows are no longer right, one that began with a bootstrap waits
     * for another from here on.
     */
    void putSchemaChange(SourceEvent.SchemaChanged change, boolean fromApart) {
        boolean wanted = filter.takes(change.label())
                || change.previousLabel().map(filter::takes).orElse(false);
        if (!wanted
                || wantsBootstrap()
                || isApart() != fromApart
                || isBeforeBegin(change.position())
                || (!fromApart && wasAnnouncedApart(change))) {
            return;
        }
        put(inOrder(change), () -> {
            if (apart) {
                announcedApart.add(change);
            }
            announced(change);
            if (change.idsInvalidated() && settings.bootstrap()) {
                bootstrap = Bootstrap.WANTED;
            }
        });
    }

    /**
     * Puts in what the subscription wants of a transaction, if it has not been given it before; nothing before its
     * bootstrap. Returns whether there was something.
     */
    boolean putTransaction(CommittedTransaction transaction, boolean fromApart) {
        if (wantsBootstrap() || isApart() != fromApart || endIfCountDoesNotFit(transaction)) {
            return false;
        }
        CommittedTransaction wanted = select(transaction);
        if (wanted.size() == 0) {
            return false;
        }
        put(wanted, () -> {
            confirmations.sent(wanted.lastChange(), wanted.endLsn());
            after = wanted.position();
        });
        return true;
    }

    /** Everything that committed before {@code lsn} was put in by its own stream. */
    void reachedApart(Lsn lsn) {
        lock.lock();
        try {
            reachedApart = lsn;
            announcedApart.clear();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Everything that committed before was put in.
     *
     * @param shared what the shared stream has reached
     */
    Lsn handedOver(Lsn shared) {
        lock.lock();
        try {
            if (lost > 0 || ended) {
                return shared;
            }
            return waitsForBootstrap() || apart ? reachedApart.min(shared) : shared;
        } finally {
            lock.unlock();
        }
    }

    /**
     * From now on the shared stream counts, and of that what has not committed before {@code lsn}.
     *
     * @param streaming whether it streams, or has to begin again first
     * @param tables as they are there, by OID
     */
    void join(Lsn lsn, boolean streaming, Map<Long, TableShape> tables) {
        lock.lock();
        try {
            apart = false;
            expected.putAll(tables);
            inStream = streaming;
            joinAfter(Position.before(lsn.value()));
        } finally {
            lock.unlock();
        }
    }

    /** The shared stream begins again, and goes on with what comes after what was put in last. */
    void joinAgain(Map<Long, TableShape> tables) {
        lock.lock();
        try {
            if (apart) {
                apart = false;
                expected.putAll(tables);
                inStream = false;
                joinAfter(Position.before(reachedApart.value()));
            }
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
            if (isBeforeBegin(description.position()) || apart) {
                return false;
            }
            known = expected.remove(description.oid());
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

    private boolean wasAnnouncedApart(SourceEvent.SchemaChanged change) {
        lock.lock();
        try {
            return announcedApart.remove(change);
        } finally {
            lock.unlock();
        }
    }

    SubscriptionMetrics metrics() {
        lock.lock();
        try {
            return new SubscriptionMetrics(
                    queryId(), phase(), queue.size(), capacity, bootstrapRows, Optional.ofNullable(confirmed));
        } finally {
            lock.unlock();
        }
    }

    private SubscriptionMetrics.Phase phase() {
        return switch (bootstrap) {
            case WANTED -> SubscriptionMetrics.Phase.WAITING;
            case SENDING -> SubscriptionMetrics.Phase.BOOTSTRAP;
            case NOT_WANTED, SENT, CONFIRMED ->
                apart ? SubscriptionMetrics.Phase.CATCHING_UP : SubscriptionMetrics.Phase.STREAMING;
        };
    }

    /** How many events wait for the subscriber. */
    int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Those who wait to put something in look whether they still should. */
    void lookAgain() {
        lock.lock();
        try {
            taken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it is given what commits by a stream of its own. */
    boolean isApart() {
        lock.lock();
        try {
            return apart;
        } finally {
            lock.unlock();
        }
    }

    /** Up to where the server may forget its log; empty: as far as this subscription is concerned, everything. */
    Optional<Lsn> holdsAt() {
        lock.lock();
        try {
            boolean lagged = lost > 0;
            // The shared stream gives again what comes after, should the stream of its own break.
            boolean needsLog = bootstrap == Bootstrap.WANTED || apart || !confirmations.complete();
            return lagged || givenUp || !needsLog
                    ? Optional.empty()
                    : Optional.of(new Lsn(confirmations.confirmedLsn()));
        } finally {
            lock.unlock();
        }
    }

    /** Everything that ends before it is confirmed. */
    Lsn confirmedLsn() {
        lock.lock();
        try {
            return new Lsn(confirmations.confirmedLsn());
        } finally {
            lock.unlock();
        }
    }

    /** Until something is confirmed, the server's log is needed from here on. */
    void holdAt(Lsn lsn) {
        lock.lock();
        try {
            confirmations.startAt(lsn.value());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the subscription.
     *
     * @param cause what the subscriber is told after the events that wait; {@code null}: the source stopped
     * @param dropEvents whether the events that wait are dropped
     */
    void end(@Nullable RuntimeException cause, boolean dropEvents) {
        lock.lock();
        try {
            if (!ended) {
                ended = true;
                failure = cause;
            }
            if (dropEvents) {
                clearQueue();
                failure = null;
            }
            taken.signalAll();
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private CommittedTransaction select(CommittedTransaction transaction) {
        Position start;
        lock.lock();
        try {
            start = after;
        } finally {
            lock.unlock();
        }
        boolean partly = start != null && start.commitLsn() == transaction.commitLsn() && start.ordinal() >= 0;
        if (start != null && transaction.position().compareTo(start) <= 0) {
            return transaction.select((change, position) -> Optional.empty());
        }
        if (!partly && filter.takesAll()) {
            return transaction;
        }
        Position boundary = partly ? start : Position.before(0);
        return transaction.select((change, position) -> boundary != null && position.compareTo(boundary) <= 0
                ? Optional.<SourceChange>empty()
                : filter.take(change, position));
    }

    /** A position within a transaction that has fewer changes than that is not one of this server's. */
    private boolean endIfCountDoesNotFit(CommittedTransaction transaction) {
        Position start;
        lock.lock();
        try {
            start = after;
        } finally {
            lock.unlock();
        }
        if (start == null
                || start.commitLsn() != transaction.commitLsn()
                || start.ordinal() <= transaction.position().ordinal()) {
            return false;
        }
        storeNoMore(); // the position that it begins with
        registry.remove(this);
        end(
                new PositionUnavailableException(
                        "subscription '" + queryId() + "' wants to go on from " + start
                                + ", but the transaction there ends at " + transaction.position(),
                        "The position is not one of this database. Subscribe with a bootstrap.",
                        null),
                false);
        return true;
    }

    private boolean isBeforeBegin(Position position) {
        lock.lock();
        try {
            return since != null && position.compareTo(since) < 0;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What the catalog tells (keys, labels of enums) is as it is now, and so may be noticed in a repeated transaction from
     * before: then it stands after all that was given.
     */
    private SourceEvent.SchemaChanged inOrder(SourceEvent.SchemaChanged change) {
        lock.lock();
        try {
            return after == null || change.position().compareTo(after) >= 0
                    ? change
                    : new SourceEvent.SchemaChanged(
                            after,
                            change.label(),
                            change.previousLabel(),
                            change.columns(),
                            change.changes(),
                            change.idsInvalidated());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there is room, where the mode holds back. Who catches up with the stream from one of its own is held back in
     * every mode: it would lag behind at once.
     *
     * @param before is done with the lock held, just before the event can be taken; also if it never can since the
     *     subscription has ended: what is not given then is outstanding for good, so that the server is not told that it is
     *     confirmed
     */
    private void put(SourceEvent event, Runnable before) {
        lock.lock();
        try {
            if (apart) {
                if (awaitRoom(capacity)) {
                    before.run();
                    addUncounted(event);
                }
            } else if (mode == DispatchMode.CHANNEL) {
                boolean room = awaitRoom(capacity);
                before.run();
                if (room) {
                    add(event);
                }
            } else if (ended) {
                before.run();
            } else {
                putOrLose(event, before);
            }
        } finally {
            lock.unlock();
        }
    }

    private void putOrLose(SourceEvent event, Runnable before) {
        if (lost > 0) {
            lost++;
        } else if (queue.size() - notCounted == capacity) {
            lost = queue.size() + 1L;
            clearQueue();
            confirmations.forgetSent();
            added.signalAll();
        } else {
            before.run();
            add(event);
        }
    }

    /** In every mode: a bootstrap does not count among what a subscriber may lag behind. */
    private void putOfBootstrap(SourceEvent event, Runnable before) {
        lock.lock();
        try {
            if (awaitRoom(bootstrapCapacity())) {
                before.run();
                addUncounted(event);
            }
        } finally {
            lock.unlock();
        }
    }

    private int bootstrapCapacity() {
        return Math.min(capacity, BOOTSTRAP_CAPACITY);
    }

    /** Whether there is room at last. */
    private boolean awaitRoom(int room) {
        while (queue.size() - tidings >= room && !over()) {
            taken.awaitUninterruptibly();
        }
        return !over();
    }

    /** Nothing is to be put in any more by the one who does that now. */
    private boolean over() {
        return ended || (apart && registry.apartHasEnded());
    }

    private void clearQueue() {
        queue.clear();
        notCounted = 0;
        tidings = 0;
    }

    private void add(SourceEvent event) {
        queue.add(event);
        added.signal();
    }

    private void addUncounted(SourceEvent event) {
        add(event);
        notCounted = queue.size();
    }

    private void give(SourceEvent event) {
        taken.signal();
        if (notCounted > 0) {
            notCounted--;
        }
        if (event instanceof SourceEvent.BootstrapProgress || event instanceof SourceEvent.BootstrapDelayed) {
            tidings--;
        } else if (event instanceof SourceEvent.Transaction transaction) {
            given = transaction.position();
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            given = completed.position();
        }
    }

    private SourceException endLagged() {
        SourceException lagged = new SubscriptionLaggedException(queryId(), lost, capacity);
        clearQueue();
        ended = true;
        failure = lagged;
        taken.signalAll();
        return lagged;
    }

    @Override
    public String toString() {
        return "Subscription[" + queryId() + "]";
    }
}
