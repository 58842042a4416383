// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether subscriptions can go on from where they want to or are, by what is known of the server's log and of the slot. Those
 * that can't are ended, or wait for another bootstrap if the source starts over.
 */
public final class Resumptions {
    private static final Logger LOG = LoggerFactory.getLogger(Resumptions.class);

    private final Subscriptions registry;
    private final String sourceId;
    private final boolean startsOver;
    private final List<SourceSubscription> open;
    private final SharedStream stream; // is asked with the registry's monitor held
    private final Optional<PositionSaver> saver;

    // All below are guarded by the registry's monitor.
    /** Nothing that committed before is to be had: the slot was made here in this run, or has let go of something. */
    private Lsn slotStart = Lsn.INVALID;
    /** The server's log was at least as long as that when the stream began. */
    private Lsn logEnd = Lsn.INVALID;
    /** What was confirmed of the slot before this run. */
    private Lsn slotStoodAt = Lsn.INVALID;
    /** Whether a process has ended while it gave somebody a bootstrap beside the stream. */
    private boolean bootstrapBroken;
    /** Null: not known, or nobody wants to know. */
    private @Nullable ReadLog log;

    /**
     * @param startsOver whether one that can't be given the changes that it lacks, and began with a bootstrap, is given
     *     another
     * @param open the registry's, copied on write: others open and close meanwhile
     */
    Resumptions(
            Subscriptions registry,
            String sourceId,
            boolean startsOver,
            List<SourceSubscription> open,
            SharedStream stream,
            Optional<PositionSaver> saver) {
        this.registry = registry;
        this.sourceId = sourceId;
        this.startsOver = startsOver;
        this.open = open;
        this.stream = stream;
        this.saver = saver;
    }

    // ---- of one that is to be opened; with the monitor held ----

    /** A run begins; what an earlier one has known is forgotten. */
    void clear() {
        slotStart = Lsn.INVALID;
        logEnd = Lsn.INVALID;
        slotStoodAt = Lsn.INVALID;
        bootstrapBroken = false;
        log = null;
    }

    /** Why it can't go on from where it wants to, as far as that is known, nor be given another bootstrap instead. */
    Optional<PositionUnavailableException> refusal(SourceSubscription subscription, SubscriptionSettings settings) {
        Optional<PositionUnavailableException> otherLog = otherLog(subscription);
        return otherLog.isPresent()
                ? otherLog
                : lost(subscription, settings).filter(cause -> !startsOver(subscription, cause));
    }

    /** Whether what the stream gives next is what follows {@code position}, and not something before or after it. */
    boolean streamGivesNext(Position position) {
        return stream.givesNext(position, logEnd);
    }

    /** Whether somebody wants to go on from beyond what was the end of the log, who came after that was {@linkplain #logEndsAt told}. */
    boolean goOnBeyondLog() {
        return logEnd.isValid() && open.stream().anyMatch(this::goesOnBeyondLog);
    }

    private boolean goesOnBeyondLog(SourceSubscription subscription) {
        Optional<Position> from = subscription.resumeFrom();
        return from.isPresent() && new Lsn(from.get().commitLsn()).isAfter(logEnd);
    }

    /** Why changes are lost that follow where it wants to go on from, as far as that is known. */
    private Optional<PositionUnavailableException> lost(
            SourceSubscription subscription, SubscriptionSettings settings) {
        Optional<Position> position = subscription.resumeFrom();
        if (position.isEmpty()) {
            return Optional.empty();
        }
        boolean canGoOn = Long.compareUnsigned(position.get().commitLsn(), slotStart.value()) >= 0
                && stream.canRepeatAfter(position.get(), new LabelFilter(settings.labels()));
        return canGoOn
                ? behindSlot(subscription)
                : Optional.of(ResumeRefusal.of(
                        subscription,
                        "the server was told that later changes are confirmed, and does not send them again"));
    }

    private Optional<PositionUnavailableException> otherLog(SourceSubscription subscription) {
        return log == null ? Optional.empty() : ResumeRefusal.otherLog(subscription, log);
    }

    private Optional<PositionUnavailableException> behindSlot(SourceSubscription subscription) {
        return slotStoodAt.isValid()
                ? ResumeRefusal.behindSlot(subscription, slotStoodAt, bootstrapBroken)
                : Optional.empty();
    }

    // ---- of those that are open, when something becomes known ----

    /** Positions belong to that log from now on. Those that want to go on from a stored one of another are ended. */
    public void reads(ReadLog now) {
        synchronized (registry) {
            log = now;
        }
        for (SourceSubscription subscription : open) {
            ResumeRefusal.otherLog(subscription, now).ifPresent(cause -> registry.endWith(subscription, cause));
        }
        saver.ifPresent(it -> it.reads(now, open));
    }

    /** Whether somebody has a stored position of a later timeline, so that the server's log is that of an earlier time. */
    public boolean isBehindStored(ReadLog now) {
        return open.stream()
                .flatMap(subscription -> subscription.resumption().stored().stream())
                .anyMatch(now::isBefore);
    }

    /** Whether somebody goes on from a position. */
    public boolean areThere() {
        return open.stream().anyMatch(subscription -> subscription.resumeFrom().isPresent());
    }

    /**
     * A run begins with a slot that exists. Those that need what the slot does not have any more are ended, as far as that is
     * known.
     *
     * @param flushed what was confirmed before
     * @param broken whether a process has ended while it gave somebody a bootstrap beside the stream, so that the slot may not
     *     have what that one lacks
     */
    public void slotStandsAt(Lsn flushed, boolean broken) {
        synchronized (registry) {
            slotStoodAt = flushed;
            bootstrapBroken = broken;
        }
        for (SourceSubscription subscription : open) {
            ResumeRefusal.behindSlot(subscription, flushed, broken).ifPresent(cause -> lacks(subscription, cause));
        }
        saver.ifPresent(PositionSaver::enable);
    }

    /**
     * The slot was made new: nothing that committed before its consistent point is to be had, and those that want it are
     * ended, or given a bootstrap instead.
     */
    public void slotStartsAt(Lsn consistentPoint) {
        saver.ifPresent(PositionSaver::slotStarts);
        synchronized (registry) {
            slotStart = consistentPoint;
        }
        for (SourceSubscription subscription : open) {
            Optional<Position> from = subscription.resumeFrom();
            if (from.isPresent() && new Lsn(from.get().commitLsn()).isBefore(consistentPoint)) {
                lacks(
                        subscription,
                        ResumeRefusal.of(
                                subscription, "the replication slot was made anew and begins at " + consistentPoint));
            }
        }
        saver.ifPresent(PositionSaver::enable);
    }

    /** The server has log up to there. Those that want to go on from beyond come from another server, and are ended. */
    public void logEndsAt(Lsn end) {
        synchronized (registry) {
            logEnd = end;
        }
        for (SourceSubscription subscription : open) {
            Optional<Position> from = subscription.resumeFrom();
            if (from.isPresent() && new Lsn(from.get().commitLsn()).isAfter(end)) {
                registry.endWith(subscription, ResumeRefusal.beyondLog(subscription, end));
            }
        }
    }

    /**
     * The server's log has what was read before, on another timeline, up to there. Those that were given later changes, or want
     * to go on from later ones, are ended.
     */
    public void logForksAt(Lsn fork) {
        for (SourceSubscription subscription : open) {
            Lsn furthest = subscription.furthest();
            if (furthest.isAfter(fork)) {
                subscription.storeNoMore();
                registry.forget(subscription); // it is of a log that is lost, and this one will be as long some day
                registry.endWith(subscription, lostInPromotion(subscription.queryId(), furthest, fork));
            }
        }
    }

    private static PositionUnavailableException lostInPromotion(String queryId, Lsn furthest, Lsn fork) {
        return new PositionUnavailableException(
                "subscription '" + queryId + "' has been given what committed up to " + furthest
                        + ", but the server was promoted when it had the log up to " + fork
                        + ": changes that were delivered are lost on this server",
                "Subscribe with a bootstrap.",
                null);
    }

    /** Ends those that want to go on from a position, which {@code cause} says is not to be had. */
    public void endResuming(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            if (subscription.resumeFrom().isPresent()) {
                lacks(subscription, ResumeRefusal.with(subscription, cause));
            }
        }
    }

    /**
     * The slot is lost: those that began with a bootstrap wait for another, if the source starts over; the others are ended.
     * While there is no stream.
     */
    public void startOver(RuntimeException cause) {
        for (SourceSubscription subscription : open) {
            lacks(subscription, cause);
        }
    }

    /** It can't be given the changes that follow what it has. */
    private void lacks(SourceSubscription subscription, RuntimeException cause) {
        if (!startsOver(subscription, cause)) {
            registry.endWith(subscription, cause);
        }
    }

    /** Whether it can do without them: then it waits for a bootstrap now. */
    private boolean startsOver(SourceSubscription subscription, RuntimeException cause) {
        if (!startsOver || !subscription.beganWithBootstrap()) {
            return false;
        }
        String why = cause instanceof SourceException known ? known.problem() : String.valueOf(cause.getMessage());
        LOG.warn(
                "source '{}': subscription '{}' is given another bootstrap: {}", sourceId, subscription.queryId(), why);
        subscription.startOver();
        subscription.inlet().tell(new SourceEvent.BootstrapDelayed(why));
        return true;
    }
}
