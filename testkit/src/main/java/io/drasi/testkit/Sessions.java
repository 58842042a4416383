// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Sessions of a server that stand by for the next statement, at most one in each database: to begin one costs the server more
 * than most of the statements of a test. They are reset before, as if they were new, but that a temporary replication slot
 * stays. Thread-safe.
 */
final class Sessions {
    /** In seconds. A server that is stopped in its tracks says nothing. */
    private static final int ANSWER_TIMEOUT = 1;

    private static final int MOST_IDLE = 1;

    private final Map<String, Deque<Connection>> idle = new HashMap<>();

    /** Opens one. */
    @FunctionalInterface
    interface Opener {
        Connection open() throws SQLException;
    }

    /** What is done in one. */
    @FunctionalInterface
    interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    <T> T use(String database, Opener opener, Work<T> work) throws SQLException {
        Connection connection = taken(database);
        if (connection == null || !connection.isValid(ANSWER_TIMEOUT)) {
            close(connection);
            connection = opener.open();
        }
        boolean good = false;
        try {
            T result = work.in(connection);
            good = reset(connection);
            return result;
        } finally {
            if (!good || !given(database, connection)) {
                close(connection);
            }
        }
    }

    /** False if it is of no further use; what was done in it is done all the same. */
    private static boolean reset(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            if (connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE) {
                return false;
            }
            statement.execute("DISCARD ALL");
            statement.execute("SET ROLE " + PostgresServer.SUPERUSER);
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private synchronized @Nullable Connection taken(String database) {
        Deque<Connection> waiting = idle.get(database);
        return waiting == null ? null : waiting.poll();
    }

    private synchronized boolean given(String database, Connection connection) {
        Deque<Connection> waiting = idle.computeIfAbsent(database, name -> new ArrayDeque<>());
        return waiting.size() < MOST_IDLE && waiting.add(connection);
    }

    /** Closes those that stand by in a database. */
    synchronized void close(String database) {
        Deque<Connection> waiting = idle.remove(database);
        if (waiting != null) {
            waiting.forEach(Sessions::close);
        }
    }

    /** Closes all that stand by. */
    synchronized void closeAll() {
        idle.values().forEach(waiting -> waiting.forEach(Sessions::close));
        idle.clear();
    }

    private static void close(@Nullable Connection connection) {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            // The server has closed it already.
        }
    }
}
