// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.replication.SystemIdentification;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import java.util.Optional;

/**
 * Whether a server's log goes on from what was read before. A position means something only in the log that it comes from:
 * that is the cluster's, by its system identifier, and in it the timeline's, since each promotion begins another one at some
 * position of the one before. What was read beyond that position does not exist on the new timeline. Thread-safe.
 */
public final class LogContinuity {
    /** Whether it is a standby, and its timeline. Of a primary: its own, at once after a promotion. Of a standby: what is known of that which it follows. */
    public static final String TIMELINE = """
            SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery()
              THEN greatest((SELECT min_recovery_end_timeline FROM pg_control_recovery()),
                (SELECT received_tli FROM pg_stat_wal_receiver))::text
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint::text END
            """;

    private static final String BOOTSTRAP = "Start again with a bootstrap.";

    private String systemId = "";
    private long timeline;
    private boolean standby;
    private String serverName = "";

    /**
     * A server that may be read from.
     *
     * @param standby whether it is in recovery, so that its log may still grow up to where others are
     * @param forkedAt up to where what was read before, on another timeline, is part of its log; if that matters
     */
    public record Server(SystemIdentification identification, boolean standby, Optional<Lsn> forkedAt) {}

    /** Whether a server was read from already. */
    public synchronized boolean knowsServer() {
        return !systemId.isEmpty();
    }

    /**
     * Asks the server who it is.
     *
     * @param name of the server
     * @param reached everything before it was handed out, from this log
     * @param others whether there are other hosts that may do instead
     * @throws PositionUnavailableException if it is another server, or its log does not go on from {@code reached}
     * @throws HostUnsuitableException if that may change, or another host may do
     */
    public synchronized Server require(ReplicationConnection replication, String name, Lsn reached, boolean others) {
        SystemIdentification now = replication.identifySystem();
        boolean inRecovery =
                replication.query("SELECT pg_is_in_recovery()").single().requiredBoolean(0);
        if (!systemId.isEmpty() && !systemId.equals(now.systemId())) {
            throw new PositionUnavailableException(
                    "the server at " + name + " is another one than before: its system identifier is " + now.systemId()
                            + ", not " + systemId,
                    "Check the address, or start again with a bootstrap.",
                    null);
        }
        if (timeline > now.timeline()) {
            throw behindInTime(now, name, inRecovery, others);
        }
        Optional<Lsn> fork = timeline == 0 || timeline == now.timeline() || followed(name)
                ? Optional.empty()
                : Optional.of(fork(replication, now, name));
        if (fork.isPresent() && reached.isAfter(fork.get())) {
            throw new PositionUnavailableException(
                    "the server at " + name + " was promoted when it had the log up to " + fork.get() + " (timeline "
                            + now.timeline() + " leaves timeline " + timeline + " there), but it was read up to "
                            + reached
                            + " before: changes that were delivered are lost on this server",
                    BOOTSTRAP + " To have the server not send what its standbys do not have yet, name their slots in"
                            + " synchronized_standby_slots (PostgreSQL 17 and later) and use failover_slot.",
                    null);
        }
        if (now.xlogPos().isBefore(reached)) {
            throw tooShort(now, name, reached, inRecovery);
        }
        return new Server(now, inRecovery, fork);
    }

    /**
     * A standby that was read from goes on by itself on another timeline, when it is promoted or those that it follows are, and
     * all it has sent is on its own.
     */
    private boolean followed(String name) {
        return standby && serverName.equals(name);
    }

    private SourceException behindInTime(SystemIdentification now, String name, boolean inRecovery, boolean others) {
        String problem = "the server at " + name + " is on timeline " + now.timeline() + ", but timeline " + timeline
                + " was read before";
        if (inRecovery) {
            return new HostUnsuitableException(
                    problem + ": it is a standby that does not follow the server that was promoted (yet)",
                    "Have it follow that one (primary_conninfo).",
                    null);
        }
        String primary =
                problem + ": it was the primary before another server was promoted, and what it writes now is not"
                        + " on the same log";
        String remedy = "Stop it, and make it a standby of the new primary (pg_rewind, or a new base backup).";
        return others
                ? new HostUnsuitableException(primary, remedy, null)
                : new PositionUnavailableException(primary, "Check the address. " + remedy, null);
    }

    private Lsn fork(ReplicationConnection replication, SystemIdentification now, String name) {
        TimelineHistory history = replication.timelineHistory(now.timeline());
        return history.leftAt(timeline)
                .orElseThrow(() -> new PositionUnavailableException(
                        "the server at " + name + " is on timeline " + now.timeline()
                                + ", which does not come from timeline " + timeline
                                + " that was read before: it was restored, or promoted beside the server that was read",
                        "Check the address, or start again with a bootstrap.",
                        null));
    }

    private static SourceException tooShort(SystemIdentification now, String name, Lsn reached, boolean inRecovery) {
        String problem = "the log of the server at " + name + " ends at " + now.xlogPos() + ", but it was read up to "
                + reached + " before: it ";
        return inRecovery
                ? new HostUnsuitableException(
                        problem + "is a standby that has not received everything yet",
                        "If it does not catch up, look at pg_stat_wal_receiver there.",
                        null)
                : new PositionUnavailableException(problem + "was restored", BOOTSTRAP, null);
    }

    /** The server is read from now. */
    public synchronized void reads(Server server, String name) {
        systemId = server.identification().systemId();
        timeline = server.identification().timeline();
        standby = server.standby();
        serverName = name;
    }

    /**
     * The server that is read from was found to be on that timeline by now: what it has sent lies on it.
     *
     * @param promoted whether it is no standby any more
     */
    public synchronized void isOn(long later, boolean promoted) {
        timeline = Math.max(timeline, later);
        standby = standby && !promoted;
    }
}
