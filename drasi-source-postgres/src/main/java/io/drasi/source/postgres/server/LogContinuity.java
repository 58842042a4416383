// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.replication.SystemIdentification;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a server's log goes on from what was read before. A position means something only in the log that it comes from:
 * that is the cluster's, by its system identifier, and in it the timeline's, since each promotion begins another one at some
 * position of the one before. What was read beyond that position does not exist on the new timeline.
 *
 * <p>May be asked by any thread.
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
    private static final long FIRST_TIMELINE = 1;
    /** undefined_file. */
    private static final String NO_FILE = "58P01";

    private static final String ROLE = "SELECT pg_is_in_recovery(), pg_postmaster_start_time()";

    /**
     * What was read from last.
     *
     * @param timeline 0: nothing was
     * @param standby whether it was one, as far as is known
     * @param name of the server
     * @param startedAt when its process began
     */
    private record Read(String systemId, long timeline, boolean standby, String name, String startedAt) {
        boolean isSame(String otherName, Server other) {
            return name.equals(otherName) && startedAt.equals(other.startedAt());
        }
    }

    /** Written by the run's thread alone. */
    private volatile Read last = new Read("", 0, false, "", "");

    /**
     * A server that may be read from.
     *
     * @param history of its timeline
     * @param standby whether it is in recovery, so that its log may still grow up to where others are
     * @param startedAt when its process began, as it says it
     * @param forkedAt up to where what was read before, on another timeline, is part of its log; if that matters
     */
    public record Server(
            SystemIdentification identification,
            TimelineHistory history,
            boolean standby,
            String startedAt,
            Optional<Lsn> forkedAt) {
        private Server withFork(Optional<Lsn> fork) {
            return new Server(identification, history, standby, startedAt, fork);
        }
    }

    /** Whether a server was read from already. */
    public boolean knowsServer() {
        return last.timeline() > 0;
    }

    /** Whether the server of that name is the one that was read from last. */
    public boolean wasReadFrom(String name) {
        return last.name().equals(name);
    }

    /** Asks the server who it is. */
    public static Server ask(ReplicationConnection replication) {
        SystemIdentification identification = replication.identifySystem();
        long timeline = identification.timeline();
        TimelineHistory history = history(replication, timeline);
        Row role = replication.query(ROLE).single();
        return new Server(identification, history, role.requiredBoolean(0), role.required(1), Optional.empty());
    }

    /** Empty if it is the first timeline, or the file with its history is gone. */
    private static TimelineHistory history(ReplicationConnection replication, long timeline) {
        if (timeline > FIRST_TIMELINE) {
            try {
                return replication.timelineHistory(timeline);
            } catch (ServerErrorException e) {
                if (!e.sqlState().equals(NO_FILE)) {
                    throw e;
                }
            }
        }
        return new TimelineHistory(timeline, Map.of());
    }

    /**
     * Asks the server who it is. Nobody goes on from what was read: that its log is one of the same cluster, and not of an
     * earlier time, is enough.
     *
     * @param name of the server
     * @param others whether there are other hosts that may do instead
     * @throws PositionUnavailableException if it is another server, or its log is that of an earlier time
     * @throws HostUnsuitableException if that may change, or another host may do
     */
    public Server requireCluster(ReplicationConnection replication, String name, boolean others) {
        Read before = last;
        Server server = ask(replication);
        SystemIdentification now = server.identification();
        if (before.timeline() > 0 && !before.systemId().equals(now.systemId())) {
            throw new PositionUnavailableException(
                    "the server at " + name + " is another one than before: its system identifier is " + now.systemId()
                            + ", not " + before.systemId(),
                    "Check the address, or start again with a bootstrap.",
                    null);
        }
        if (before.timeline() > now.timeline()) {
            throw behindInTime(server, name, "timeline " + before.timeline() + " was read before", others);
        }
        return server;
    }

    /**
     * Asks the server who it is, and whether it can be gone on with.
     *
     * @param name of the server
     * @param reached everything before it was handed out, from this log
     * @param others whether there are other hosts that may do instead
     * @throws PositionUnavailableException if it is another server, or its log does not go on from {@code reached}
     * @throws HostUnsuitableException if that may change, or another host may do
     */
    public Server require(ReplicationConnection replication, String name, Lsn reached, boolean others) {
        Read before = last;
        Server server = requireCluster(replication, name, others);
        SystemIdentification now = server.identification();
        Optional<Lsn> fork =
                before.timeline() == 0 || before.timeline() == now.timeline() || followed(before, name, server)
                        ? Optional.empty()
                        : Optional.of(fork(before, server, name));
        if (fork.isPresent() && reached.isAfter(fork.get())) {
            throw new PositionUnavailableException(
                    "the server at " + name + " was promoted when it had the log up to " + fork.get() + " (timeline "
                            + now.timeline() + " leaves timeline " + before.timeline()
                            + " there), but it was read up to " + reached
                            + " before: changes that were delivered are lost on this server",
                    BOOTSTRAP + " To have the server not send what its standbys do not have yet, name their slots in"
                            + " synchronized_standby_slots (PostgreSQL 17 and later) and use failover_slot.",
                    null);
        }
        if (now.xlogPos().isBefore(reached)) {
            throw tooShort(now, name, reached, server.standby());
        }
        return server.withFork(fork);
    }

    /**
     * A standby that was read from goes on by itself on another timeline, when it is promoted or those that it follows are, and
     * all it has sent is on its own. After a restart one can't tell whether it is still the same.
     */
    private static boolean followed(Read before, String name, Server server) {
        return before.standby() && before.isSame(name, server);
    }

    /**
     * A server whose log is that of an earlier time.
     *
     * @param later what is known of a later time
     */
    public static SourceException behindInTime(Server server, String name, String later, boolean others) {
        String problem = "the server at " + name + " is on timeline "
                + server.identification().timeline() + ", but " + later;
        if (server.standby()) {
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

    private static Lsn fork(Read before, Server server, String name) {
        return server.history()
                .leftAt(before.timeline())
                .orElseThrow(() -> new PositionUnavailableException(
                        "the server at " + name + " is on timeline "
                                + server.history().timeline()
                                + (server.history().leftAt().isEmpty()
                                        ? ", and lacks the file in pg_wal that says where that begins, while timeline "
                                                + before.timeline() + " was read before"
                                        : ", which does not come from timeline " + before.timeline()
                                                + " that was read before: it was restored, or promoted beside the server"
                                                + " that was read"),
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

    /** The server is read from now. By the run's thread, as {@link #isOn}. */
    public void reads(Server server, String name) {
        last = new Read(
                server.identification().systemId(),
                server.identification().timeline(),
                server.standby(),
                name,
                server.startedAt());
    }

    /**
     * The server that is read from was found to be on that timeline by now: what it has sent lies on it.
     *
     * @param promoted whether it is no standby any more
     */
    public void isOn(long later, boolean promoted) {
        Read before = last;
        last = new Read(
                before.systemId(),
                Math.max(before.timeline(), later),
                before.standby() && !promoted,
                before.name(),
                before.startedAt());
    }
}
