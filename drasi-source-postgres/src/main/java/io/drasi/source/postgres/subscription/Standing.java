// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.health.SubscriptionMetrics;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a subscription stands: how far its bootstrap is, by which stream it is given what commits, and up to where it has been
 * put in, given and confirmed. Not thread-safe: guarded by the subscription's lock.
 */
final class Standing {
    /** How far the subscription's bootstrap is. */
    private enum Bootstrap {
        NOT_WANTED,
        WANTED,
        SENDING,
        SENT,
        CONFIRMED
    }

    private final Confirmations confirmations = new Confirmations(0);
    private final ToldSchema schema = new ToldSchema();
    private final ToldPrepared prepared = new ToldPrepared();

    private final boolean beginsWithBootstrap;

    private Resumption resumption;
    private Bootstrap bootstrap;
    private Position bootstrapPosition = Position.before(0);
    private long bootstrapRows;
    private @Nullable Position after; // only what comes after this position is put in
    private @Nullable Position known; // it knows the log up to there, by what was put in or by its own position
    private @Nullable Position since; // where it began to be given what the stream brings
    private @Nullable Position given; // the last position that the subscriber took
    private @Nullable Position confirmed; // the last position that the subscriber confirmed
    private boolean storable; // what it confirms is a position to go on from; nothing less is in a position store
    private boolean unjudged; // goes on from a position of its own, of which nobody knows yet whether it can
    private boolean stored; // the position store may have something of it
    private boolean apart; // is given what commits by a stream of its own, not by the shared one
    private Lsn reachedApart = Lsn.INVALID; // everything before it was put in by that stream
    private boolean givenUp; // no log is kept for it
    private boolean inStream; // is given what the present stream brings, and not only from the next one on

    /** @param beginsWithBootstrap unless it goes on from a position */
    Standing(boolean beginsWithBootstrap, Resumption resumption) {
        this.beginsWithBootstrap = beginsWithBootstrap;
        this.resumption = resumption;
        this.bootstrap = !beginsWithBootstrap
                ? Bootstrap.NOT_WANTED
                : resumption.position().isPresent() ? Bootstrap.CONFIRMED : Bootstrap.WANTED;
        this.after = resumption.position().orElse(null);
        this.since = after;
        this.known = after;
        this.given = after;
        this.confirmed = after;
        this.unjudged = resumption.isByItself();
        this.storable = bootstrap != Bootstrap.WANTED && !unjudged;
        this.stored = resumption.stored().isPresent();
    }

    ToldSchema schema() {
        return schema;
    }

    ToldPrepared prepared() {
        return prepared;
    }

    // ---- its bootstrap ----

    /** Whether it does so, or would have done if it had no position: then it can be given another. */
    boolean beginsWithBootstrap() {
        return beginsWithBootstrap;
    }

    boolean waitsForBootstrap() {
        return bootstrap == Bootstrap.WANTED || bootstrap == Bootstrap.SENDING;
    }

    /** Whether it was promised a bootstrap that it has not confirmed. */
    boolean bootstrapOpen() {
        return bootstrap != Bootstrap.NOT_WANTED && bootstrap != Bootstrap.CONFIRMED;
    }

    boolean bootstrapBegun() {
        return bootstrap == Bootstrap.SENDING || bootstrap == Bootstrap.SENT;
    }

    /** Begins a bootstrap, maybe once more: what was put in before is taken back. */
    void startBootstrap(Position position, long slotLsn, boolean besideStream) {
        apart = besideStream;
        reachedApart = Lsn.INVALID;
        givenUp = false;
        schema.forgetTables();
        prepared.clear();
        confirmations.forgetSent();
        confirmations.startAt(slotLsn);
        resumption = Resumption.NOWHERE;
        bootstrap = Bootstrap.SENDING;
        bootstrapRows = 0;
        after = position;
        since = position;
        known = position;
        bootstrapPosition = position;
        confirmed = null;
        confirmations.sent(position, position.commitLsn());
    }

    void rowsPutIn(int rows) {
        bootstrapRows += rows;
    }

    long bootstrapRows() {
        return bootstrapRows;
    }

    void bootstrapPutIn() {
        bootstrap = Bootstrap.SENT;
    }

    /** The ids that the subscriber knows are no longer right. One that began with a bootstrap waits for another from here on. */
    void idsInvalidated() {
        if (beginsWithBootstrap) {
            bootstrap = Bootstrap.WANTED;
        }
    }

    /** It waits for another bootstrap: changes that it was to be given, by whichever stream, are lost. */
    void startOver() {
        bootstrap = Bootstrap.WANTED;
        resumption = Resumption.NOWHERE;
        after = null;
        since = null;
        known = null;
        apart = false;
        reachedApart = Lsn.INVALID;
        schema.forgetTables();
        givenUp = false;
        storeNoMore();
    }

    /** What it was given of a bootstrap beside the stream is worth nothing any more: it waits for another one. */
    void giveUp() {
        if (isOnItsWay()) {
            bootstrap = Bootstrap.WANTED;
            apart = false;
            schema.forgetApart();
            storeNoMore();
        }
    }

    /** No log is kept for it, if it waits for a bootstrap. */
    void letGo() {
        givenUp = waitsForBootstrap();
    }

    void holdAgain() {
        givenUp = false;
    }

    // ---- the streams ----

    /** Whether it is not on the shared stream yet: it waits for its bootstrap, or catches up after it. */
    boolean isOnItsWay() {
        return waitsForBootstrap() || apart;
    }

    boolean isApart() {
        return apart;
    }

    /** Everything that committed before {@code lsn} was put in by its own stream. */
    void reachedApart(Lsn lsn) {
        reachedApart = lsn;
        schema.forgetApart();
    }

    /** Everything that committed before was put in, with {@code shared} reached by the shared stream. */
    Lsn handedOver(Lsn shared) {
        return isOnItsWay() ? reachedApart.min(shared) : shared;
    }

    /** From now on the shared stream counts, and of that what has not committed before {@code lsn}. */
    void join(Lsn lsn, boolean streaming, Map<Long, TableShape> tables) {
        apart = false;
        schema.expect(tables);
        inStream = streaming;
        joinAfter(Position.before(lsn.value()));
    }

    /** The shared stream begins again, and goes on with what comes after what was put in last. */
    void joinAgain(Map<Long, TableShape> tables) {
        if (apart) {
            join(reachedApart, false, tables);
        }
    }

    /** Nothing up to and including {@code position} shall be put in; a later boundary of its own stays. */
    void joinAfter(Position position) {
        if (after == null || position.compareTo(after) > 0) {
            after = position;
        }
        if (since == null || position.compareTo(since) > 0) {
            since = position;
        }
    }

    /** The stream that it is given now has what follows its position. */
    void enterStream() {
        inStream = true;
        storable |= unjudged;
        unjudged = false;
    }

    boolean inStream() {
        return inStream;
    }

    // ---- what was put in ----

    void putIn(CommittedTransaction transaction) {
        confirmations.sent(transaction.lastChange(), transaction.endLsn());
        after = transaction.position();
        known = after;
    }

    /** What was put in last does not reach the subscriber. */
    void forgetSent() {
        confirmations.forgetSent();
    }

    /** Only what comes after is put in; null: all is. */
    @Nullable
    Position after() {
        return after;
    }

    boolean isBeforeBegin(Position position) {
        return since != null && position.compareTo(since) < 0;
    }

    /** Knows the log up to there: a snapshot or a commit that it was given, or the position that it wants to go on from. */
    Lsn furthest() {
        return known == null ? Lsn.INVALID : ReadLog.knownUpTo(known);
    }

    /** Where it goes on; one that waits for a bootstrap, or has been given one, does so nowhere. */
    Resumption resumption() {
        return waitsForBootstrap() ? Resumption.NOWHERE : resumption;
    }

    // ---- what was given and confirmed ----

    void give(SourceEvent event) {
        if (event instanceof SourceEvent.Transaction transaction) {
            given = transaction.position();
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            given = completed.position();
        }
    }

    /** The last position that the subscriber took; null: none yet. */
    @Nullable
    Position given() {
        return given;
    }

    /** Returns whether its bootstrap is confirmed by that, and was not before. */
    boolean confirm(Position position) {
        confirmations.confirm(position);
        if (confirmed == null || position.compareTo(confirmed) > 0) {
            confirmed = position;
        }
        if (bootstrap == Bootstrap.SENT && position.compareTo(bootstrapPosition) >= 0) {
            bootstrap = Bootstrap.CONFIRMED;
            storable = true;
            return true;
        }
        return false;
    }

    Optional<Position> confirmed() {
        return Optional.ofNullable(confirmed);
    }

    /** Everything that ends before it is confirmed. */
    Lsn confirmedLsn() {
        return new Lsn(confirmations.confirmedLsn());
    }

    /** Until something is confirmed, the server's log is needed from here on. */
    void holdAt(Lsn lsn) {
        confirmations.startAt(lsn.value());
    }

    /** Up to where the server may forget its log; empty: as far as this subscription is concerned, everything. */
    Optional<Lsn> holdsAt() {
        // The shared stream gives again what comes after, should the stream of its own break.
        boolean needsLog = bootstrap == Bootstrap.WANTED || apart || !confirmations.complete();
        return givenUp || !needsLog ? Optional.empty() : Optional.of(confirmedLsn());
    }

    /** From where it could go on if the process ended now; empty: see {@link SourceSubscription#toStore}. */
    Optional<Position> toStore(Lsn least) {
        Lsn whole = confirmedLsn().max(least);
        if (!storable || !whole.isValid()) {
            return Optional.empty();
        }
        stored = true;
        Position position = Position.before(whole.value());
        return Optional.of(confirmed != null && confirmed.compareTo(position) > 0 ? confirmed : position);
    }

    void storeNoMore() {
        storable = false;
        unjudged = false;
    }

    /** Whether the store may have a position of it, from which it can't go on. */
    boolean isForgettable() {
        return stored && !storable;
    }

    void isForgotten() {
        stored = false;
    }

    SubscriptionMetrics.Phase phase() {
        return switch (bootstrap) {
            case WANTED -> SubscriptionMetrics.Phase.WAITING;
            case SENDING -> SubscriptionMetrics.Phase.BOOTSTRAP;
            case NOT_WANTED, SENT, CONFIRMED ->
                apart ? SubscriptionMetrics.Phase.CATCHING_UP : SubscriptionMetrics.Phase.STREAMING;
        };
    }
}
