// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

import io.drasi.postgres.protocol.backend.ServerMessage;
import java.util.Set;

/** An ErrorResponse of the server. */
public final class ServerErrorException extends PostgresClientException {
    private static final long serialVersionUID = 1L;

    private static final Set<String> RETRYABLE_STATES = Set.of(
            "25P03", // idle_in_transaction_session_timeout
            "25P04", // transaction_timeout
            "53000", // insufficient_resources
            "53100", // disk_full
            "53200", // out_of_memory
            "57014", // query_canceled
            "57P01", // admin_shutdown
            "57P02", // crash_shutdown
            "57P03", // cannot_connect_now
            "57P05", // idle_session_timeout
            "53300", // too_many_connections
            "55006", // object_in_use: a slot still held by a connection that is going away
            "55P03", // lock_not_available
            "40001", // serialization_failure
            "40P01", // deadlock_detected
            "58030"); // io_error
    private static final String CONNECTION_EXCEPTION_CLASS = "08";
    private static final String PROTOCOL_VIOLATION = "08P01";

    private final transient ServerMessage serverMessage;
    private final String sqlState;

    /** @param context what was being done, and where, e.g. {@code query on db.example.com:5432} */
    public ServerErrorException(String context, ServerMessage serverMessage) {
        super(context + ": " + describe(serverMessage), null);
        this.serverMessage = serverMessage;
        this.sqlState = serverMessage.sqlState();
    }

    private static String describe(ServerMessage message) {
        StringBuilder text = new StringBuilder()
                .append(message.severity())
                .append(' ')
                .append(message.sqlState())
                .append(": ")
                .append(message.message());
        message.detail().ifPresent(detail -> text.append(" Detail: ").append(detail));
        message.hint().ifPresent(hint -> text.append(" Hint: ").append(hint));
        return text.toString();
    }

    /** Five characters, e.g. {@code 42P01} (PostgreSQL documentation, appendix "PostgreSQL Error Codes"). */
    public String sqlState() {
        return sqlState;
    }

    /** All fields that the server sent. */
    public ServerMessage serverMessage() {
        return serverMessage;
    }

    /** True for states that pass by themselves: a server that starts or stops, no free connection, an object in use. */
    @Override
    public boolean retryable() {
        // A server that does not understand what it is sent will not understand it the next time.
        return RETRYABLE_STATES.contains(sqlState)
                || (sqlState.startsWith(CONNECTION_EXCEPTION_CLASS) && !sqlState.equals(PROTOCOL_VIOLATION));
    }
}
