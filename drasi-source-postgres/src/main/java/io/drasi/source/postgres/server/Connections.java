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
import io.drasi.source.postgres.config.PostgresSourceConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

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

    private final OwnSessions sessions;
    private final ConnectionSettings settings;
    private final ConnectionSettings ordinarySettings;
    private final ConnectionSettings probeSettings;

    /** @param sessions is told of each that is opened */
    public Connections(PostgresSourceConfig config, OwnSessions sessions) {
        this.sessions = sessions;
        String applicationName = "drasi " + config.id();
        this.settings = settings(config, applicationName);
        this.ordinarySettings = settings.toBuilder()
                .parameter("lock_timeout", Long.toString(LOCK_TIMEOUT.toMillis()))
                .peerTimeout(
                        config.peerTimeout().compareTo(LEAST_QUERY_TIMEOUT) > 0
                                ? config.peerTimeout()
                                : LEAST_QUERY_TIMEOUT)
                .build();
        this.probeSettings = settings.toBuilder()
                .connectTimeout(
                        config.connectTimeout().compareTo(LONGEST_PROBE) < 0 ? config.connectTimeout() : LONGEST_PROBE)
                .build();
    }

    /** The settings of a source's connections; also for those who want to ask the same server something. */
    public static ConnectionSettings settings(PostgresSourceConfig config, String applicationName) {
        ConnectionSettingsBuilder builder = ConnectionSettings.builder()
                .host(config.host())
                .port(config.port())
                .database(config.database())
                .user(config.user())
                .passwordSupplier(config.passwordSupplier())
                .sslMode(config.sslMode())
                .connectTimeout(config.connectTimeout())
                .peerTimeout(config.peerTimeout())
                .allowCleartextPassword(config.allowCleartextPassword())
                .applicationName(applicationName)
                .parameters(PARAMETERS);
        config.sslRootCert().ifPresent(builder::sslRootCertificate);
        config.sslCert().ifPresent(builder::sslCertificate);
        config.sslKey().ifPresent(builder::sslKey);
        return builder.build();
    }

    /** An ordinary connection that the server does not end for being idle. */
    public PostgresConnection openOrdinary() {
        PostgresConnection connection = PostgresConnection.open(ordinarySettings);
        sessions.add(connection.backendPid());
        setUp(
                connection.serverVersionNumber(),
                connection.parameter(SERVER_ENCODING),
                connection::query,
                connection::close);
        return connection;
    }

    public ReplicationConnection openReplication() {
        ReplicationConnection connection = ReplicationConnection.open(settings);
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

    /** Whether the server says that it shuts down, or takes no connections any more. */
    public boolean serverShutsDown() {
        try {
            PostgresConnection.open(probeSettings).close();
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
