// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.error.AuthenticationException;
import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.ServerAddress;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.ServerException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.TableName;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns errors of the client and of the server into a source's own, with what to run or to set to fix them. */
public final class Advice {
    private final PostgresSourceConfig config;

    public Advice(PostgresSourceConfig config) {
        this.config = config;
    }

    /** What {@code failure}, met at {@code step}, means for the source. */
    public SourceException explain(PostgresClientException failure, Step step) {
        String message = where(step) + ": " + failure.getMessage();
        if (failure instanceof ServerErrorException error) {
            return explainServerError(error, step, message);
        }
        if (failure instanceof TlsException) {
            return new SetupException(
                    message,
                    "Options: ssl_mode (now " + config.sslMode().libpqName()
                            + "), ssl_root_cert, ssl_cert and ssl_key.",
                    failure);
        }
        if (failure instanceof AuthenticationException) {
            return new SetupException(
                    message,
                    "Options: password, ssl_mode (now " + config.sslMode().libpqName()
                            + ") and allow_cleartext_password (now " + config.allowCleartextPassword() + ").",
                    failure);
        }
        // What the password supplier throws is no matter of the address.
        boolean unreachable =
                failure instanceof ConnectFailedException && !(failure.getCause() instanceof RuntimeException);
        return new ConnectionException(message, unreachable ? "Options: host and port." : null, failure);
    }

    /** What bytes that are no PostgreSQL protocol, met at {@code step}, mean for the source. */
    public DecodingException explain(ProtocolException failure, Step step) {
        return new DecodingException(
                where(step) + ": the server at " + servers() + " broke the protocol: " + failure.getMessage(),
                step == Step.CONNECT ? "Options: host and port, if that is no PostgreSQL server." : null,
                failure);
    }

    /** The server, or all that it may be. */
    String servers() {
        return config.servers().stream().map(ServerAddress::toString).collect(Collectors.joining(", "));
    }

    /** The slot's log begins before the publication was made, or the publication was dropped since. */
    public SourceException publicationUnknown(String serverText, @Nullable Throwable cause) {
        return PositionUnavailableException.ofSlot(
                where(Step.STREAM) + ": " + serverText + ". The replication slot \"" + config.slotName()
                        + "\" has to read log from a time at which the publication \"" + config.publicationName()
                        + "\" did not exist; such changes can't be decoded any more, and creating the publication"
                        + " again does not help",
                "Make sure that the publication exists (" + createPublication() + "), drop the slot with " + dropSlot()
                        + " and start with a bootstrap.",
                cause);
    }

    /** A prepared transaction is committed whose changes the server does not send any more. */
    public SourceException preparedUnknown(PositionUnavailableException cause) {
        return PositionUnavailableException.ofSlot(
                where(Step.STREAM) + ": " + cause.problem() + ": the replication slot \"" + config.slotName()
                        + "\" was advanced beyond the place where that was prepared, by somebody else",
                "Drop the slot with " + dropSlot() + " and start with a bootstrap. Let nobody else read from the slot or"
                        + " advance it.",
                cause);
    }

    String createPublication() {
        String tables = config.tables().isEmpty()
                ? "FOR ALL TABLES"
                : "FOR TABLE "
                        + config.tables().stream()
                                .map(Advice::tableSql)
                                .reduce((a, b) -> a + ", " + b)
                                .orElseThrow();
        return "CREATE PUBLICATION " + Sql.identifier(config.publicationName()) + " " + tables + ";";
    }

    String dropSlot() {
        return "SELECT pg_drop_replication_slot(" + Sql.literal(config.slotName()) + ");";
    }

    private SourceException explainServerError(ServerErrorException error, Step step, String message) {
        if (waitsForStandby(error.serverMessage())) {
            return new ConnectionException(
                    message + ". The server ends without what a standby lacks; it is tried again",
                    "Start the standby, or take it out of synchronized_standby_slots.",
                    error);
        }
        return switch (error.sqlState()) {
            case "28P01" ->
                new SetupException(
                        message,
                        "Check the options user and password; the server does not tell which one is wrong. A new"
                                + " password is set with ALTER ROLE " + role() + " PASSWORD '…';",
                        error);
            case "28000" -> loginRefused(error, message);
            case "3D000" ->
                new SetupException(
                        message,
                        "Check the option database, or CREATE DATABASE " + Sql.identifier(config.database()) + ";",
                        error);
            case "42501" -> new SetupException(message, permission(step), error);
            case "53300" -> new ConnectionException(message, tooMany(step), error);
            case "53400" -> noFreeSlot(error, message);
            case "55006" ->
                new SlotHeldException(
                        message,
                        "Stop the other consumer, or give this one its own slot_name. The process is found with SELECT"
                                + " active_pid FROM pg_replication_slots WHERE slot_name = "
                                + Sql.literal(config.slotName()) + ";",
                        true, // the next attempt knows who it is
                        error);
            case "55000" -> notInState(error, step, message);
            case "42704" -> undefined(error, step, message);
            case "42P01", "42703", "22023" ->
                step == Step.SNAPSHOT ? changedWhileRead(error, message) : other(error, message);
            case "55P03" ->
                new ServerException(
                        error.sqlState(),
                        true,
                        message + ". Another session has a table locked; it is tried again until that has ended",
                        "Who it is: SELECT pid, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE"
                                + " mode = 'AccessExclusiveLock' AND granted);",
                        error);
            case "58P01" ->
                step == Step.START_STREAM || step == Step.STREAM ? positionLost(error, message) : other(error, message);
            default -> other(error, message);
        };
    }

    /**
     * Whether the server says that a standby of synchronized_standby_slots is not there: as a warning while it waits for that, as
     * an error when it shuts down. Such a message has the SQLSTATE of others that mean a loss; the texts are translated, the
     * names of the server's functions are not.
     */
    public static boolean waitsForStandby(ServerMessage message) {
        return message.routine().equals(Optional.of("StandbySlotsHaveCaughtup"));
    }

    private SourceException other(ServerErrorException error, String message) {
        return error.retryable() && error.sqlState().startsWith("57P")
                ? new ConnectionException(message, null, error)
                : new ServerException(error.sqlState(), error.retryable(), message, null, error);
    }

    /** The name of the server's function tells two causes apart in every language that the server may speak. */
    private SourceException loginRefused(ServerErrorException error, String message) {
        boolean role = error.serverMessage().routine().equals(Optional.of("InitializeSessionUserId"));
        return new SetupException(
                message,
                role
                        ? "Check the option user. If the role is missing: CREATE ROLE " + role()
                                + " LOGIN REPLICATION PASSWORD '…'; if it may not log in: ALTER ROLE " + role()
                                + " LOGIN;"
                        : "If the server asks for TLS or a certificate: options ssl_mode (now "
                                + config.sslMode().libpqName()
                                + "), ssl_cert and ssl_key. Otherwise add this line to its"
                                + " pg_hba.conf, before others that fit, and run SELECT pg_reload_conf();\n"
                                + hbaLine(),
                error);
    }

    private String hbaLine() {
        String who = quoted(config.database()) + " " + quoted(config.user());
        return config.servers().get(0).host().startsWith("/")
                ? "local " + who + " scram-sha-256"
                : "host " + who + " <address of this client>/32 scram-sha-256";
    }

    private static String quoted(String name) {
        return "\"" + name + "\"";
    }

    private String permission(Step step) {
        return switch (step) {
            case CONNECT -> "GRANT CONNECT ON DATABASE " + Sql.identifier(config.database()) + " TO " + role() + ";";
            case SNAPSHOT ->
                "GRANT SELECT and, on its schema, GRANT USAGE to " + role() + " for the table that is named; under"
                        + " row-level security ALTER ROLE " + role() + " BYPASSRLS;";
            default -> "ALTER ROLE " + role() + " WITH REPLICATION;";
        };
    }

    private static String tooMany(Step step) {
        return step == Step.CONNECT_REPLICATION
                ? "Raise max_wal_senders (one per source): ALTER SYSTEM SET"
                        + " max_wal_senders = 20; and restart the server. Those in use: SELECT * FROM"
                        + " pg_stat_replication;"
                : "Close connections that are not needed, or raise max_connections (ALTER SYSTEM SET max_connections ="
                        + " 200; and restart the server) or the CONNECTION LIMIT of the role or database.";
    }

    private static SourceException noFreeSlot(ServerErrorException error, String message) {
        return new SetupException(
                message,
                "Drop slots that are not used (SELECT slot_name, active FROM pg_replication_slots;) or raise"
                        + " max_replication_slots: ALTER SYSTEM SET max_replication_slots = 20; and restart the server. A"
                        + " first bootstrap needs a second slot until it is done, a later one two more.",
                error);
    }

    /** The snapshot's tables are read by the names of the present, and the snapshot ends with its exporter. */
    private static SourceException changedWhileRead(ServerErrorException error, String message) {
        return new ServerException(
                error.sqlState(),
                true,
                message + ". A table was changed, or the snapshot ended, while it was read: the bootstrap begins again",
                null,
                error);
    }

    private SourceException notInState(ServerErrorException error, Step step, String message) {
        if (step == Step.SNAPSHOT) {
            return changedWhileRead(error, message);
        }
        if (step == Step.START_STREAM || step == Step.STREAM) {
            return positionLost(error, message);
        }
        if (error.serverMessage().routine().equals(Optional.of("CheckLogicalDecodingRequirements"))) {
            return new SetupException(
                    message, "On a standby logical decoding needs wal_level = logical on the primary too.", error);
        }
        // That wal_level is logical was checked before: what is left is a server that allows no slots at all.
        return step == Step.CREATE_SLOT
                ? noFreeSlot(error, message)
                : new ServerException(error.sqlState(), false, message, null, error);
    }

    private SourceException positionLost(ServerErrorException error, String message) {
        return PositionUnavailableException.ofSlot(
                message,
                "The server no longer has the log that the slot needs. Drop the slot with " + dropSlot()
                        + " and start with a bootstrap; raise max_slot_wal_keep_size if this happens again.",
                error);
    }

    private SourceException undefined(ServerErrorException error, Step step, String message) {
        if (step == Step.SNAPSHOT) {
            return changedWhileRead(error, message);
        }
        if (step == Step.STREAM) {
            return publicationUnknown(error.serverMessage().message(), error);
        }
        return step == Step.START_STREAM
                ? PositionUnavailableException.ofSlot(
                        message,
                        "The replication slot was dropped: changes since then are lost. Start again with a bootstrap.",
                        error)
                : new ServerException(error.sqlState(), false, message, null, error);
    }

    static String walLevel() {
        return "ALTER SYSTEM SET wal_level = logical; and restart the server.";
    }

    private String role() {
        return Sql.identifier(config.user());
    }

    /** What fails while connecting says by itself where. */
    private String where(Step step) {
        String source = "source '" + config.id() + "'";
        return step == Step.CONNECT || step == Step.CONNECT_REPLICATION
                ? source
                : source + ", " + step + " (slot " + config.slotName() + ")";
    }

    private static String tableSql(String label) {
        return TableName.parse(label).sql();
    }
}
