// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import io.drasi.postgres.client.login.Connector;
import io.drasi.postgres.client.login.HostSearch;
import io.drasi.postgres.client.query.CopyConsumer;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.session.Patience;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.session.SimpleQuery;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import java.util.List;
import java.util.Optional;

/**
 * An ordinary connection to a database. Used by one thread at a time, but for {@link #abort()}. An interrupt of that
 * thread while it waits for the server ends the connection.
 */
public final class PostgresConnection implements AutoCloseable {
    private final Session session;

    private PostgresConnection(Session session) {
        this.session = session;
    }

    /**
     * Connects and logs in.
     *
     * @throws io.drasi.postgres.client.error.PostgresClientException if that fails
     */
    public static PostgresConnection open(ConnectionSettings settings) {
        return new PostgresConnection(Connector.connect(settings, false));
    }

    /**
     * Connects to the first of several hosts that will do, and logs in there.
     *
     * @param hosts in the order in which they are tried, at least one
     * @throws io.drasi.postgres.client.error.PostgresClientException if none will do; it tells what each of them said
     */
    public static PostgresConnection open(List<ConnectionSettings> hosts, TargetSessionAttributes target) {
        return new PostgresConnection(HostSearch.connect(hosts, target, false));
    }

    /** The settings with which further connections get to the same server, whatever its name may lead to by then. */
    public ConnectionSettings sameServer() {
        return session.sameServer();
    }

    /**
     * Runs a text of one or more statements by the simple query protocol. None of them may keep the server silent for the
     * peer timeout.
     *
     * @return what the last statement yields
     * @throws io.drasi.postgres.client.error.ServerErrorException for an error of the server; unless it is fatal, the
     *     connection can be used further
     * @throws io.drasi.postgres.client.error.ConnectionLostException if the connection ends, or the server is silent for
     *     the peer timeout
     * @throws IllegalArgumentException if the text is a COPY
     */
    public QueryResult query(String sql) {
        return SimpleQuery.run(session, "query", Patience.PEER_TIMEOUT, sql);
    }

    /**
     * Runs {@code COPY … TO STDOUT}, in any format. It may take any time, also until its first row. If the consumer throws,
     * the connection is closed.
     *
     * @return the count of CopyData messages
     * @throws io.drasi.postgres.client.error.ServerErrorException for an error of the server, which can come after data
     * @throws io.drasi.postgres.client.error.ConnectionLostException if the connection ends
     */
    public long copyOut(String copySql, CopyConsumer consumer) {
        return SimpleQuery.copyOut(session, copySql, consumer);
    }

    /** The value that the server last reported of a parameter; it reports only some. */
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

    /** The SASL mechanism of the login, e.g. {@code SCRAM-SHA-256-PLUS}; empty if it was of another kind. */
    public Optional<String> saslMechanism() {
        return session.login().saslMechanism();
    }

    /**
     * Closes the socket at once. May be called by any thread; an operation that is under way ends with
     * {@link io.drasi.postgres.client.error.ConnectionLostException}.
     */
    public void abort() {
        session.abort();
    }

    /** Ends the session. May be called repeatedly. */
    @Override
    public void close() {
        session.close();
    }
}
