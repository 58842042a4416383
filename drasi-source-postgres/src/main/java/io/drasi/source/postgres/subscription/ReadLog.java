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
 * @param server names the server in its present life
 * @param standby whether it was a standby when it was asked last: it goes on by itself on another timeline, and what it has
 *     sent until that is noticed is taken for a part of the old one
 */
public record ReadLog(String systemId, String slot, TimelineHistory history, String server, boolean standby) {
    private static final Pattern ORIGIN = Pattern.compile("(.*), timeline (\\d{1,10})(?: of standby (.*))?");

    /** Why a stored position is none of this log, and what the user should look at. */
    record Misfit(String why, String check) {}

    /** Names it, for {@link StoredPosition#origin}. */
    String origin() {
        return clusterAndSlot() + ", timeline " + history.timeline() + (standby ? " of standby " + server : "");
    }

    private String clusterAndSlot() {
        return "PostgreSQL system " + systemId + ", slot " + slot;
    }

    /** Empty if the position is a place of this log. */
    Optional<Misfit> misfit(StoredPosition stored) {
        Matcher origin = ORIGIN.matcher(stored.origin());
        if (!origin.matches() || !origin.group(1).equals(clusterAndSlot())) {
            return Optional.of(new Misfit(
                    "the stored position is one of [" + stored.origin() + "], but the source reads from [" + origin()
                            + "]",
                    "Check the address and the slot_name; if they are right: "));
        }
        long timeline = Long.parseLong(origin.group(2));
        if (timeline > history.timeline()) {
            return Optional.of(new Misfit(
                    "the stored position is one of timeline " + timeline + ", but the server is on timeline "
                            + history.timeline() + ": it was the primary before another one was promoted, or it was"
                            + " restored",
                    "Check the address; if it is the right one: "));
        }
        return timeline == history.timeline() || server.equals(origin.group(3))
                ? Optional.empty()
                : beyondFork(stored, timeline);
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
        Matcher origin = ORIGIN.matcher(stored.origin());
        return origin.matches()
                && origin.group(1).equals(clusterAndSlot())
                && Long.parseLong(origin.group(2)) > history.timeline();
    }

    /** Who has this position knows the log up to there. The record of a commit begins at its LSN, and a snapshot's position is where the next record begins. */
    static Lsn knownUpTo(Position position) {
        return new Lsn(position.ordinal() < 0 ? position.commitLsn() : position.commitLsn() + 1);
    }
}
