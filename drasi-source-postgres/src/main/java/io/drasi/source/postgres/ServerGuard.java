// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.LogContinuity;
import io.drasi.source.postgres.server.Standbys;
import io.drasi.source.postgres.server.Step;
import io.drasi.source.postgres.subscription.ReadLog;
import io.drasi.source.postgres.subscription.Subscriptions;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that a run goes on with nothing but the log that it has read, whichever server it meets, and tells the
 * subscriptions which log that is. Used by the run's thread.
 */
final class ServerGuard {
    private static final Logger LOG = LoggerFactory.getLogger(ServerGuard.class);
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final String slot;
    private final Subscriptions subscriptions;
    private final Connections connections;
    private final LogContinuity continuity;
    private final RunProgress progress;
    private final StopSignal stop;
    /** Whether the server was a standby when it was last asked. */
    private boolean onStandby;

    /** That which the subscriptions know the log by. */
    private long toldTimeline;

    private long nextLook = System.nanoTime();

    ServerGuard(
            String slot,
            Subscriptions subscriptions,
            Connections connections,
            LogContinuity continuity,
            RunProgress progress,
            StopSignal stop) {
        this.slot = slot;
        this.subscriptions = subscriptions;
        this.connections = connections;
        this.continuity = continuity;
        this.progress = progress;
        this.stop = stop;
    }

    /** Whether the server that is read from was a standby when it was last asked. */
    boolean onStandby() {
        return onStandby;
    }

    /** Whether there may be another server soon, without a new start: where a standby stands, the primary may be then. */
    boolean mayMeetAnother() {
        return connections.severalHosts() || continuity.knowsServer();
    }

    /**
     * Positions in a store are those of one log: which one this is has to be known before any is relied on.
     *
     * @throws HostUnsuitableException if the server's log is that of an earlier time, and another one may do
     */
    void prepare() {
        if (!continuity.knowsServer() && subscriptions.saver().isPresent()) {
            askForLog();
        }
    }

    private void askForLog() {
        Step before = progress.step();
        progress.step(Step.CONNECT_REPLICATION);
        try (ReplicationConnection replication = stop.whileConnecting(connections::openReplication)) {
            LogContinuity.Server server = stop.during(() -> LogContinuity.ask(replication), replication::abort);
            ReadLog log = log(server);
            if (subscriptions.resumptions().isBehindStored(log) && (server.standby() || connections.severalHosts())) {
                throw LogContinuity.behindInTime(
                        server, connections.serverName(), "a stored position is one of a later timeline", true);
            }
            subscriptions.resumptions().reads(log);
        }
        progress.step(before);
    }

    /** Whether it can be asked now; that it can't is no reason to end a stream that goes on. */
    private boolean learnsLog() {
        try {
            askForLog();
            return true;
        } catch (PostgresClientException e) {
            LOG.debug("the server's timeline can't be asked for, which is tried again: {}", e.getMessage());
        } catch (StopSignal.Stopped e) {
            LOG.debug("the source stops while it asks for the server's timeline");
        }
        return false;
    }

    private ReadLog log(LogContinuity.Server server) {
        toldTimeline = server.history().timeline();
        return new ReadLog(
                server.identification().systemId(),
                slot,
                server.history(),
                connections.serverName() + " since " + server.startedAt(),
                server.standby());
    }

    /**
     * A slot is to be made, and nobody goes on from what was read before.
     *
     * @throws PositionUnavailableException if this is another server than before, or its log is that of an earlier time
     * @throws HostUnsuitableException if another server may do, or this one later
     */
    LogContinuity.Server beginAnew(ReplicationConnection replication) {
        String name = connections.serverName();
        LogContinuity.Server server = continuity.requireCluster(replication, name, connections.severalHosts());
        continuity.reads(server, name);
        subscriptions.resumptions().reads(log(server));
        onStandby = server.standby();
        return server;
    }

    /**
     * Positions mean something only in the log that they come from.
     *
     * @return up to where the server has it
     * @throws PositionUnavailableException if this is another server than before, or its log does not go on from there
     * @throws HostUnsuitableException if another server may do, or this one later
     */
    Lsn requireSame(ReplicationConnection replication) {
        String name = connections.serverName();
        Lsn reached = progress.reached().max(progress.told());
        LogContinuity.Server server = continuity.require(replication, name, reached, connections.severalHosts());
        Lsn end = server.identification().xlogPos();
        if (server.standby() && subscriptions.furthest().isAfter(end)) {
            throw new HostUnsuitableException(
                    "the log of the server at " + name + " ends at " + end + ", but a subscription goes on from "
                            + subscriptions.furthest() + ": it is a standby that has not received everything yet",
                    null,
                    null);
        }
        server.forkedAt().ifPresent(fork -> subscriptions.resumptions().logForksAt(fork));
        continuity.reads(server, name);
        onStandby = server.standby();
        subscriptions.resumptions().logEndsAt(end); // first: a position that is none is not to be stored
        subscriptions.resumptions().reads(log(server));
        return end;
    }

    /**
     * That there is no slot on a standby says nothing of the one that is to be gone on from, if that was on another host.
     *
     * @throws HostUnsuitableException if so
     */
    void requireNotElsewhere(PostgresConnection ordinary) {
        String name = connections.serverName();
        boolean hasSlot =
                progress.told().isValid() || subscriptions.resumptions().areThere();
        if (hasSlot && connections.severalHosts() && !continuity.wasReadFrom(name) && Standbys.isStandby(ordinary)) {
            throw new HostUnsuitableException(
                    "the server at " + name + " is a standby without replication slot \"" + slot
                            + "\", which the source has on another host",
                    "It is tried again, and on the other hosts. Option failover_slot has standbys keep the slot up.",
                    null);
        }
    }

    /** A standby may be promoted while it is read from, or follow another server to its timeline. */
    void look(PostgresConnection ordinary) {
        if (!onStandby || System.nanoTime() - nextLook < 0) {
            return;
        }
        Row row = ordinary.query(LogContinuity.TIMELINE).single();
        boolean promoted = !row.requiredBoolean(0);
        long timeline = row.text(1).map(Long::valueOf).orElse(0L);
        continuity.isOn(timeline, promoted);
        boolean known = subscriptions.saver().isEmpty() || (timeline <= toldTimeline && !promoted) || learnsLog();
        onStandby = !promoted || !known;
        nextLook = System.nanoTime() + LOOK_INTERVAL.toNanos();
    }
}
