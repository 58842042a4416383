// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.ServerAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** How a source connects: everything that shapes the text of a value is set in the startup packet of each connection. */
public final class Connections {
    /** Overrides what the server, the role and the database have set, also in a walsender. */
    private static final Map<String, String> PARAMETERS = parameters();

    private static final String SERVER_ENCODING = "server_encoding";
    private static final String NO_ENCODING = "SQL_ASCII";

    /** admin_shutdown, crash_shutdown, cannot_connect_now. */
    private static final Set<String> SHUTTING_DOWN = Set.of("57P01", "57P02", "57P03");

    /** While the server is asked whether it shuts down, it does not hear from us on the stream. */
    private static final Duration LONGEST_PROBE = Duration.ofSeconds(2);

    /** A query waits for a lock that long at most: the server would not notice that we have given up, and wait on. */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(10);
    /** A catalog of many tables is not read in a moment, however soon a silent stream is to be noticed. */
    private static final Duration LEAST_QUERY_TIMEOUT = Duration.ofSeconds(60);

    private final PostgresSourceConfig config;
    private final List<ConnectionSettings> hosts;
    private final TargetSessionAttributes target;
    private final OwnSessions sessions;
    /** The server of the present session; further connections go there too. */
    private volatile Optional<ConnectionSettings> chosen = Optional.empty();
    /** The host that the next search begins with. */
    private volatile int first;

    /** @param sessions is told of each that is opened */
    public Connections(PostgresSourceConfig config, OwnSessions sessions) {
        this(
                config,
                config.servers().stream()
                        .map(server -> settings(config, server, "drasi " + config.id()))
                        .toList(),
                config.targetSessionAttributes(),
                sessions);
    }

    private Connections(
            PostgresSourceConfig config,
            List<ConnectionSettings> hosts,
            TargetSessionAttributes target,
            OwnSessions sessions) {
        this.config = config;
        this.hosts = hosts;
        this.target = target;
        this.sessions = sessions;
    }

    /** The settings of a source's connections, to its first host; also for those who want to ask the same server something. */
    public static ConnectionSettings settings(PostgresSourceConfig config, String applicationName) {
        return settings(config, config.servers().get(0), applicationName);
    }

    private static ConnectionSettings settings(
            PostgresSourceConfig config, ServerAddress server, String applicationName) {
        ConnectionSettingsBuilder builder = ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .database(config.database())
                .user(config.user())
                .passwordSupplier(config.passwordSupplier())
                .sslMode(config.sslMode())
                .connectTimeout(config.connectTimeout())
                .peerTimeout(config.peerTimeout())
                .clock(config.clock())
                .allowCleartextPassword(config.allowCleartextPassword())
                .applicationName(applicationName)
                .parameters(PARAMETERS);
        config.sslRootCert().ifPresent(builder::sslRootCertificate);
        config.sslCert().ifPresent(builder::sslCertificate);
        config.sslKey().ifPresent(builder::sslKey);
        return builder.build();
    }

    private ConnectionSettings ordinary(ConnectionSettings host) {
        return host.toBuilder()
                .parameter("lock_timeout", Long.toString(LOCK_TIMEOUT.toMillis()))
                .peerTimeout(
                        config.peerTimeout().compareTo(LEAST_QUERY_TIMEOUT) > 0
                                ? config.peerTimeout()
                                : LEAST_QUERY_TIMEOUT)
                .build();
    }

    private ConnectionSettings probe(ConnectionSettings host) {
        return host.toBuilder()
                .connectTimeout(
                        config.connectTimeout().compareTo(LONGEST_PROBE) < 0 ? config.connectTimeout() : LONGEST_PROBE)
                .build();
    }

    /**
     * Begins a session: tries the hosts in turn. All further connections go to the one that was found, until the next session
     * begins or this one is {@linkplain #leave left}. By one thread.
     */
    public PostgresConnection choose() {
        PostgresConnection connection = search();
        chosen = Optional.of(connection.sameServer().toBuilder()
                .peerTimeout(config.peerTimeout())
                .parameter("lock_timeout", "0")
                .build());
        return connection;
    }

    /** The session has failed: until there is another one, each connection looks for a host by itself. */
    public void leave() {
        chosen = Optional.empty();
    }

    /** The host can't go on with what was read before: the next search begins with the one after it. */
    public void passOver() {
        chosen.ifPresent(settings -> {
            for (int i = 0; i < hosts.size(); i++) {
                if (hosts.get(i).serverName().equals(settings.serverName())) {
                    first = (i + 1) % hosts.size();
                }
            }
        });
    }

    /** Whether there is another host to try. */
    public boolean severalHosts() {
        return hosts.size() > 1;
    }

    /** For messages: the server of the session, or all that there may be one with. */
    public String serverName() {
        return chosen.map(ConnectionSettings::serverName)
                .orElseGet(
                        () -> hosts.stream().map(ConnectionSettings::serverName).collect(Collectors.joining(", ")));
    }

    /** Connections to the server of the present session, also when that is over; if there is none, as these. */
    public Connections sameServer() {
        return chosen.map(settings -> {
                    Connections same =
                            new Connections(config, List.of(settings), TargetSessionAttributes.ANY, sessions);
                    same.chosen = Optional.of(settings);
                    return same;
                })
                .orElseGet(() -> new Connections(config, hosts, target, sessions));
    }

    private PostgresConnection search() {
        List<ConnectionSettings> inOrder =
                hosts.stream().map(this::ordinary).collect(Collectors.toCollection(ArrayList::new));
        Collections.rotate(inOrder, -first);
        return setUp(PostgresConnection.open(inOrder, target));
    }

    /** An ordinary connection that the server does not end for being idle. */
    public PostgresConnection openOrdinary() {
        return chosen.map(settings -> setUp(PostgresConnection.open(ordinary(settings))))
                .orElseGet(this::search);
    }

    /** @throws ConnectionLostException if there is no session */
    public ReplicationConnection openReplication() {
        ReplicationConnection connection = ReplicationConnection.open(
                chosen.orElseThrow(() -> new ConnectionLostException("the session has ended meanwhile")));
        sessions.add(connection.backendPid());
        setUp(
                connection.serverVersionNumber(),
                connection.parameter(SERVER_ENCODING),
                connection::query,
                connection::close);
        return connection;
    }

    private PostgresConnection setUp(PostgresConnection connection) {
        sessions.add(connection.backendPid());
        setUp(
                connection.serverVersionNumber(),
                connection.parameter(SERVER_ENCODING),
                connection::query,
                connection::close);
        return connection;
    }

    private static void setUp(
            int serverVersion, Optional<String> serverEncoding, Consumer<String> statement, Runnable close) {
        try {
            switchTimeoutsOff(serverVersion, statement);
            leaveTextUnchecked(serverEncoding, statement);
        } catch (RuntimeException e) {
            close.run();
            throw e;
        }
    }

    /** Whether the server of the session says that it shuts down, or takes no connections any more. */
    public boolean serverShutsDown() {
        Optional<ConnectionSettings> server = chosen;
        if (server.isEmpty()) {
            return true;
        }
        try {
            PostgresConnection.open(probe(server.get())).close();
            return false;
        } catch (ServerErrorException e) {
            return SHUTTING_DOWN.contains(e.sqlState());
        } catch (ConnectFailedException | ConnectionLostException e) {
            return !(e.getCause() instanceof RuntimeException); // what the password supplier throws says nothing
        } catch (PostgresClientException e) {
            return false; // a login that fails says nothing about that
        }
    }

    /** Those that older servers don't know, so that they can't stand in the startup packet. */
    private static void switchTimeoutsOff(int serverVersion, Consumer<String> statement) {
        if (serverVersion >= 170_000) {
            statement.accept("SET transaction_timeout = 0");
        }
        if (serverVersion >= 140_000) {
            statement.accept("SET idle_session_timeout = 0");
        }
    }

    /**
     * A database in SQL_ASCII holds text of any encoding, also of several. The server would check that it is UTF-8, and say
     * of one that is not neither table nor column.
     */
    private static void leaveTextUnchecked(Optional<String> serverEncoding, Consumer<String> statement) {
        if (serverEncoding.equals(Optional.of(NO_ENCODING))) {
            statement.accept("SET client_encoding = " + NO_ENCODING);
        }
    }

    private static Map<String, String> parameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("DateStyle", "ISO, YMD");
        parameters.put("IntervalStyle", "postgres");
        parameters.put("TimeZone", "UTC");
        parameters.put("bytea_output", "hex");
        parameters.put("extra_float_digits", "3");
        parameters.put("lc_monetary", "C");
        parameters.put("search_path", "pg_catalog");
        // Names of tables, types and functions are values of the reg* types.
        parameters.put("quote_all_identifiers", "off");
        // Under a policy COPY would silently leave rows out that the stream carries; like this it fails instead.
        parameters.put("row_security", "off");
        // "skipped loading publication" is a warning: it must reach us.
        parameters.put("client_min_messages", "warning");
        parameters.put("statement_timeout", "0");
        parameters.put("lock_timeout", "0");
        parameters.put("idle_in_transaction_session_timeout", "0");
        // The server notices soon that our host is gone, and frees the slot's reservation.
        parameters.put("tcp_keepalives_idle", "60");
        parameters.put("tcp_keepalives_interval", "10");
        parameters.put("tcp_keepalives_count", "3");
        return parameters;
    }
}
