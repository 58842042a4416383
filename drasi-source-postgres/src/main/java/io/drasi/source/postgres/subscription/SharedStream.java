// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.PreparedTransaction;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The stream that all open subscriptions share: hands out to them what it brings, and knows what of that they have confirmed.
 * One thread hands out.
 *
 * <p>Where the stream is, is guarded by the registry's monitor. That is not held while something is put in, which may wait
 * for room.
 */
final class SharedStream {
    /** Up to where all of those have confirmed. */
    private record Confirmed(Lsn least, List<SourceSubscription> by) {}

    private final Subscriptions registry;
    private final List<SourceSubscription> open;
    private final Optional<PositionSaver> saver;
    private final SourceMeter meter;

    // All below are guarded by the registry's monitor.
    private final JoinWait joinWait;
    /** A subscription that is opened while a transaction is handed out begins after it. */
    private final HandedOut handedOut = new HandedOut();
    /** The stream has to begin again where all had confirmed, and until then gives nothing. */
    private boolean paused = true;
    /** What the last one had confirmed when it was closed and nobody was left. */
    private Lsn leftAt = Lsn.INVALID;
    /** The commit LSN of what the stream has begun to hand out last; invalid: it has just begun. */
    private Lsn handingOut = Lsn.INVALID;
    /** The commit LSN of a transaction of which changes of tables were told, and that was not handed out; invalid: there is none. */
    private Lsn described = Lsn.INVALID;

    /** @param open the registry's, copied on write: others open and close meanwhile */
    SharedStream(
            Subscriptions registry, List<SourceSubscription> open, Optional<PositionSaver> saver, SourceMeter meter) {
        this.registry = registry;
        this.open = open;
        this.saver = saver;
        this.meter = meter;
        this.joinWait = new JoinWait(registry, () -> paused);
    }

    // ---- where it is; with the monitor held ----

    /** A run begins; what an earlier one left is forgotten. */
    void clear() {
        handedOut.clear();
        beginAgain();
    }

    /** A stream begins, at what was confirmed last. */
    void begin() {
        paused = open.isEmpty();
        handingOut = Lsn.INVALID;
        described = Lsn.INVALID;
        open.forEach(SourceSubscription::enterStream);
    }

    /** The stream has to begin again where all had confirmed. */
    void beginAgain() {
        paused = true;
        leftAt = Lsn.INVALID;
    }

    /** The last one is gone, and had confirmed what ends before that. */
    void leave(Lsn confirmed) {
        paused = true;
        leftAt = confirmed;
        handedOut.forget(confirmed); // it may be told at any time now
    }

    void pause() {
        paused = true;
    }

    boolean paused() {
        return paused;
    }

    /** The commit LSN of what it has begun to hand out last; invalid: it has just begun. */
    Lsn handingOut() {
        return handingOut;
    }

    JoinWait joinWait() {
        return joinWait;
    }

    /**
     * What it has handed out, or begun to describe: who is opened now begins after that, as the changes of the tables in it
     * were told already.
     */
    Optional<Position> last() {
        Optional<Position> last = handedOut.last();
        return described.isValid() && isDescribedAfter(last)
                ? Optional.of(Position.before(described.value() + 1))
                : last;
    }

    private boolean isDescribedAfter(Optional<Position> position) {
        return position.map(it -> described.isAfter(new Lsn(it.commitLsn()))).orElse(true);
    }

    /**
     * Whether what it gives next is what follows {@code position}, and not something before or after it.
     *
     * @param logEnd the server's log was at least as long as that when the stream began
     */
    boolean givesNext(Position position, Lsn logEnd) {
        Lsn known = handedOut
                .last()
                .map(last -> new Lsn(last.commitLsn()))
                .orElse(Lsn.INVALID)
                .max(logEnd);
        boolean missesDescribed = described.isValid() && !described.isBefore(new Lsn(position.commitLsn()));
        return !handedOut.isBeyond(position) && !missesDescribed && !known.isBefore(new Lsn(position.commitLsn()));
    }

    /** Whether all of the wanted labels that was handed out after {@code position} can be had again. */
    boolean canRepeatAfter(Position position, LabelFilter wanted) {
        return handedOut.canRepeatAfter(position, wanted);
    }

    // ---- what it brings ----

    /** Hands out; waits for room where the mode holds back. Returns whether somebody wants something of it. */
    boolean handOut(CommittedTransaction transaction) {
        List<SourceSubscription> receivers;
        synchronized (registry) {
            joinWait.awaitThoseNear();
            if (transaction.size() > 0) {
                described = Lsn.INVALID; // an empty one is not among what was handed out
            }
            if (paused) {
                return false;
            }
            handingOut = new Lsn(transaction.position().commitLsn());
            if (transaction.size() > 0) {
                handedOut.add(transaction); // nobody misses an empty one
            }
            receivers = ofThisStream();
        }
        meter.received(transaction);
        boolean wanted = false;
        for (SourceSubscription receiver : receivers) {
            wanted |= receiver.inlet().putTransaction(transaction, false);
        }
        return wanted;
    }

    /**
     * Those who are given what is handed out now. Who has to wait for another stream in the meantime, as its own has broken, is
     * not: it lacks what comes before.
     */
    private List<SourceSubscription> ofThisStream() {
        return open.stream().filter(subscription -> !subscription.isApart()).toList();
    }

    /** Hands out; those whose rows have other ids now wait for a bootstrap then. */
    void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
        handOut(change, repeated, subscription -> true);
    }

    private void handOut(SourceEvent.SchemaChanged change, boolean repeated, Predicate<SourceSubscription> wantsIt) {
        List<SourceSubscription> receivers;
        synchronized (registry) {
            handingOut = new Lsn(change.position().commitLsn());
            described = handingOut;
            // While the stream has to begin again, those for whom it does will get what it brings then.
            receivers = ofThisStream().stream()
                    .filter(wantsIt)
                    .filter(subscription -> !repeated || subscription.lacks(change))
                    .filter(subscription -> !paused || subscription.inStream())
                    .toList();
        }
        for (SourceSubscription receiver : receivers) {
            receiver.inlet().putSchemaChange(change, false);
        }
        if (change.idsInvalidated() && registry.wantBootstrap()) {
            registry.changed();
        }
    }

    /** Those who have come beside the stream compare it with what they know, once for each table. */
    void described(TableDescription description) {
        synchronized (registry) {
            handingOut = new Lsn(description.position().commitLsn()); // who joins later would miss it
        }
        Set<SourceSubscription> withOwn = new HashSet<>();
        for (SourceSubscription subscription : open) {
            if (subscription.inlet().takeDescription(description)) {
                withOwn.add(subscription);
            }
        }
        description
                .change()
                .ifPresent(shared ->
                        handOut(shared.change(), shared.repeated(), subscription -> !withOwn.contains(subscription)));
        if (!withOwn.isEmpty() && registry.wantBootstrap()) {
            registry.changed();
        }
    }

    /** Tells those who want to know. */
    void prepared(PreparedTransaction transaction) {
        receivers().forEach(receiver -> receiver.inlet().putPrepared(transaction));
    }

    /** Tells those who were told that it was prepared. */
    void preparedEnded(AssembledEvent.PreparedEnded ended) {
        receivers().forEach(receiver -> receiver.inlet().putPreparedEnded(ended));
    }

    private List<SourceSubscription> receivers() {
        synchronized (registry) {
            return paused ? List.of() : ofThisStream();
        }
    }

    // ---- what was confirmed ----

    Lsn confirmedUpTo(Lsn reached) {
        Confirmed confirmed = confirmedBy(reached);
        return saver.map(it -> it.savedOf(confirmed.least(), confirmed.by())).orElse(confirmed.least());
    }

    void save(Lsn reached) {
        Confirmed confirmed = confirmedBy(reached);
        saver.ifPresent(it -> it.save(confirmed.least(), confirmed.by()));
    }

    private Confirmed confirmedBy(Lsn reached) {
        List<SourceSubscription> asked;
        synchronized (registry) {
            if (paused) {
                return new Confirmed(leftAt.min(reached), List.of());
            }
            asked = List.copyOf(open);
        }
        Lsn least = reached;
        for (SourceSubscription subscription : asked) {
            Optional<Lsn> hold = subscription.holdsAt();
            if (hold.isPresent()) {
                least = least.min(hold.get());
            }
        }
        synchronized (registry) {
            if (paused) {
                return new Confirmed(leftAt.min(reached), List.of());
            }
            handedOut.forget(least);
            return new Confirmed(least, asked);
        }
    }

    /** Everything that committed before was handed out to all that are open, as {@link Subscriptions#handedOver} says. */
    Lsn handedOver(Lsn reached) {
        synchronized (registry) {
            if (paused && !open.isEmpty()) {
                return Lsn.INVALID;
            }
        }
        Lsn least = reached;
        for (SourceSubscription subscription : open) {
            least = least.min(subscription.handedOver(reached));
        }
        return least;
    }
}
