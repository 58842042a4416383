// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.StoredPosition;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The log that a source reads: positions mean something in it alone.
 *
 * @param systemId the cluster's
 * @param slot the name of the replication slot
 * @param history of the server's timeline: which others are part of the log, and up to where
 */
public record ReadLog(String systemId, String slot, TimelineHistory history) {
    private static final Pattern ORIGIN = Pattern.compile("(.*), timeline (\\d{1,10})");

    /** Why a stored position is none of this log, and what the user should look at. */
    record Misfit(String why, String check) {}

    /** Names it, for {@link StoredPosition#origin}. */
    String origin() {
        return clusterAndSlot() + ", timeline " + history.timeline();
    }

    private String clusterAndSlot() {
        return "PostgreSQL system " + systemId + ", slot " + slot;
    }

    /** Empty if the position is a place of this log. */
    Optional<Misfit> misfit(StoredPosition stored) {
        Optional<Long> timeline = timeline(stored);
        if (timeline.isEmpty()) {
            return Optional.of(new Misfit(
                    "the stored position is one of [" + stored.origin() + "], but the source reads from [" + origin()
                            + "]",
                    "Check the address and the slot_name; if they are right: "));
        }
        if (timeline.get() > history.timeline()) {
            return Optional.of(new Misfit(
                    "the stored position is one of timeline " + timeline.get() + ", but the server is on timeline "
                            + history.timeline() + ": it was the primary before another one was promoted, or it was"
                            + " restored",
                    "Check the address; if it is the right one: "));
        }
        return timeline.get() == history.timeline() ? Optional.empty() : beyondFork(stored, timeline.get());
    }

    private Optional<Misfit> beyondFork(StoredPosition stored, long timeline) {
        Optional<Lsn> fork = history.leftAt(timeline);
        if (fork.isEmpty()) {
            return Optional.of(new Misfit(
                    "the stored position is one of timeline " + timeline + ", which the server's timeline "
                            + history.timeline()
                            + " does not come from: it was restored, or promoted beside the server that was read",
                    "Check the address; if it is the right one: "));
        }
        return knownUpTo(stored.position()).isAfter(fork.get())
                ? Optional.of(new Misfit(
                        "the server was promoted when it had the log up to " + fork.get() + " (timeline "
                                + history.timeline() + " comes from timeline " + timeline
                                + "), and the stored position lies beyond: changes that were delivered are lost on this"
                                + " server",
                        ""))
                : Optional.empty();
    }

    /** Whether the position was stored on a later timeline than the server's. */
    boolean isBefore(StoredPosition stored) {
        return timeline(stored)
                .filter(timeline -> timeline > history.timeline())
                .isPresent();
    }

    /** The timeline of a position of this cluster and slot. */
    private Optional<Long> timeline(StoredPosition stored) {
        Matcher matcher = ORIGIN.matcher(stored.origin());
        return matcher.matches() && matcher.group(1).equals(clusterAndSlot())
                ? Optional.of(Long.valueOf(matcher.group(2)))
                : Optional.empty();
    }

    /** Who has this position knows the log up to there. The record of a commit begins at its LSN, and a snapshot's position is where the next record begins. */
    static Lsn knownUpTo(Position position) {
        return new Lsn(position.ordinal() < 0 ? position.commitLsn() : position.commitLsn() + 1);
    }
}
