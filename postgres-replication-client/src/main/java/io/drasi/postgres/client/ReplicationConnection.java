// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.login.Connector;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.replication.CreatedSlot;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.client.replication.SystemIdentification;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.client.session.Patience;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.session.SimpleQuery;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyBothResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ReadyForQuery;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A connection with {@code replication=database}: it takes replication commands, SQL, and can turn into a
 * {@link ReplicationStream}. Used by one thread at a time, but for {@link #abort()}.
 *
 * <p>All methods that talk to the server throw {@link io.drasi.postgres.client.error.ServerErrorException} for an error of
 * the server and {@link io.drasi.postgres.client.error.ConnectionLostException} if the connection ends, or if the server is
 * silent for the peer timeout; only a slot may take longer, to be made or to be free.
 */
public final class ReplicationConnection implements AutoCloseable {
    private final Session session;

    private ReplicationConnection(Session session) {
        this.session = session;
    }

    /**
     * Connects and logs in.
     *
     * @throws io.drasi.postgres.client.error.PostgresClientException if that fails
     */
    public static ReplicationConnection open(ConnectionSettings settings) {
        return new ReplicationConnection(Connector.connect(settings, true));
    }

    public SystemIdentification identifySystem() {
        Row row = SimpleQuery.run(session, "IDENTIFY_SYSTEM", Patience.PEER_TIMEOUT, "IDENTIFY_SYSTEM")
                .single();
        return new SystemIdentification(
                row.required("systemid"), row.requiredLong("timeline"), lsn(row, "xlogpos"), row.text("dbname"));
    }

    /**
     * Makes a slot for {@code pgoutput}. The server first waits until all transactions that write at the moment have ended,
     * which can take as long as they do.
     *
     * @throws IllegalArgumentException if the server's version doesn't know an option that is set
     */
    public CreatedSlot createLogicalSlot(String slot, SlotOptions options) {
        String command = options.createCommand(slot, serverVersionNumber());
        Row row = SimpleQuery.run(session, "CREATE_REPLICATION_SLOT " + slot, Patience.ENDLESS, command)
                .single();
        return new CreatedSlot(
                row.required("slot_name"),
                lsn(row, "consistent_point"),
                row.text("snapshot_name"),
                row.required("output_plugin"));
    }

    /**
     * Says whether a logical slot is a failover slot, which standbys keep up; PostgreSQL 17 and later. The slot must not be in
     * use.
     */
    public void alterSlotFailover(String slot, boolean failover) {
        String command = "ALTER_REPLICATION_SLOT " + Sql.identifier(slot) + " (FAILOVER " + failover + ")";
        SimpleQuery.run(session, "ALTER_REPLICATION_SLOT " + slot, Patience.PEER_TIMEOUT, command);
    }

    /**
     * The history of a timeline: on which others its log lies, and up to where.
     *
     * @param timeline 2 or later, and not later than the server's; the first has no history
     */
    public TimelineHistory timelineHistory(long timeline) {
        Row row = SimpleQuery.run(session, "TIMELINE_HISTORY", Patience.PEER_TIMEOUT, "TIMELINE_HISTORY " + timeline)
                .single();
        return TimelineHistory.parse(timeline, row.required("content"));
    }

    /** Makes a physical slot that reserves no WAL. */
    public void createPhysicalSlot(String slot, boolean temporary) {
        String command =
                "CREATE_REPLICATION_SLOT " + Sql.identifier(slot) + (temporary ? " TEMPORARY" : "") + " PHYSICAL";
        SimpleQuery.run(session, "CREATE_REPLICATION_SLOT " + slot, Patience.PEER_TIMEOUT, command);
    }

    /** @param wait for the slot to be free, if another connection uses it; else that is error 55006 */
    public void dropSlot(String slot, boolean wait) {
        String command = "DROP_REPLICATION_SLOT " + Sql.identifier(slot) + (wait ? " WAIT" : "");
        Patience patience = wait ? Patience.ENDLESS : Patience.PEER_TIMEOUT;
        SimpleQuery.run(session, "DROP_REPLICATION_SLOT " + slot, patience, command);
    }

    private static Lsn lsn(Row row, String column) {
        String text = row.required(column);
        try {
            return Lsn.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("the server sent '" + text + "' as " + column, 0);
        }
    }

    /** @see PostgresConnection#query(String) */
    public QueryResult query(String sql) {
        return SimpleQuery.run(session, "query", Patience.PEER_TIMEOUT, sql);
    }

    /**
     * Starts to stream from a logical slot. From then on the connection takes nothing else.
     *
     * @param start where to begin; the server begins at the slot's confirmed position if that is later, and
     *     {@link Lsn#INVALID} means that position
     * @param pluginOptions for example {@code proto_version} and {@code publication_names}, in order; a list of names must
     *     be quoted as identifiers already
     */
    public ReplicationStream startReplication(String slot, Lsn start, Map<String, String> pluginOptions) {
        session.requireNotStreaming();
        String options = pluginOptions.entrySet().stream()
                .map(option -> Sql.identifier(option.getKey()) + " " + Sql.plainLiteral(option.getValue()))
                .collect(Collectors.joining(", "));
        String command = "START_REPLICATION SLOT " + Sql.identifier(slot) + " LOGICAL " + start
                + (options.isEmpty() ? "" : " (" + options + ")");
        session.send(new FrontendMessage.Query(command));
        List<ServerMessage> notices = awaitStream("START_REPLICATION SLOT " + slot);
        session.beginStreaming();
        return new ReplicationStream(session, notices);
    }

    private List<ServerMessage> awaitStream(String doing) {
        List<ServerMessage> notices = new ArrayList<>();
        Optional<ServerMessage> error = Optional.empty();
        BackendMessage message = receive(doing, error);
        while (!(message instanceof CopyBothResponse)) {
            if (message instanceof NoticeResponse notice) {
                notices.add(notice.message());
            } else if (message instanceof ErrorResponse response) {
                error = error.or(() -> Optional.of(response.message()));
            } else if (message instanceof ReadyForQuery && error.isPresent()) {
                throw session.serverError(doing, error.get());
            } else {
                session.abort();
                throw new ProtocolException("unexpected answer to START_REPLICATION: " + message, 0);
            }
            message = receive(doing, error);
        }
        return notices;
    }

    private BackendMessage receive(String doing, Optional<ServerMessage> error) {
        try {
            return session.receive(Patience.PEER_TIMEOUT);
        } catch (ConnectionLostException e) {
            // What the server said before the connection ended says more than that.
            if (error.isPresent()) {
                throw session.serverError(doing, error.get());
            }
            throw e;
        }
    }

    /** @see PostgresConnection#parameter(String) */
    public Optional<String> parameter(String name) {
        return session.parameter(name);
    }

    /** For example 180006, as the server's own {@code server_version_num}. */
    public int serverVersionNumber() {
        return session.serverVersionNumber();
    }

    /** Process id of the server's side. */
    public int backendPid() {
        return session.login().backendPid();
    }

    public boolean encrypted() {
        return session.login().tls().isPresent();
    }

    /**
     * Asks the server to end the command it works on, which then fails with SQLSTATE 57014; may be called by any thread. A
     * server that waits for something does not notice otherwise that nobody waits for the answer any more.
     *
     * @param timeout for the server to take note
     * @return whether it did; the command may have been over by then
     */
    public boolean cancel(Duration timeout) {
        return session.cancel(timeout);
    }

    /**
     * Closes the socket at once. May be called by any thread; an operation that is under way ends with
     * {@link io.drasi.postgres.client.error.ConnectionLostException}.
     */
    public void abort() {
        session.abort();
    }

    /** Ends the session, and a stream on it. May be called repeatedly. */
    @Override
    public void close() {
        session.close();
    }
}
