// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import org.postgresql.core.Parser;

/**
 * One database of a {@link PostgresServer}. Each call of {@link #execute}, {@link #query} and {@link #queryOne} is as a
 * session of its own, as the superuser and in autocommit, that pg_hba.conf always lets in. Thread-safe.
 */
public final class Database {
    /** How {@link #query} shows SQL NULL, which is what COPY prints for it. */
    public static final String NULL_TEXT = "\\N";

    /** New sessions are other ones after that. */
    private static final Pattern CHANGES_SESSIONS =
            Pattern.compile("\\bALTER\\s+(DATABASE|ROLE|USER|SYSTEM)\\b", Pattern.CASE_INSENSITIVE);

    private final PostgresServer server;
    private final String name;

    Database(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    public String name() {
        return name;
    }

    /**
     * Runs the scripts one after the other in one session. Each may hold several statements between semicolons, and
     * each statement commits by itself, unless the script says BEGIN.
     *
     * @throws IllegalStateException with the statement and the server's message if one fails
     */
    public void execute(String... scripts) {
        try {
            server.sessions().use(name, () -> connectAsAdministrator(true), connection -> {
                try (Statement statement = connection.createStatement()) {
                    for (String script : scripts) {
                        for (String single : statements(script)) {
                            execute(statement, single);
                        }
                    }
                }
                return scripts;
            });
        } catch (SQLException e) {
            throw failure("connect", e);
        }
        for (String script : scripts) {
            if (CHANGES_SESSIONS.matcher(script).find()) {
                server.sessions().closeAll();
            }
        }
    }

    /** Sent as one query, the statements of a script would be one transaction. */
    private static List<String> statements(String script) throws SQLException {
        return Parser.parseJdbcSql(script, true, false, true, false, false).stream()
                .map(query -> query.nativeSql)
                .toList();
    }

    private void execute(Statement statement, String script) {
        try {
            statement.execute(script);
        } catch (SQLException e) {
            throw failure(script, e);
        }
    }

    /** The rows as PostgreSQL's own text, SQL NULL as {@link #NULL_TEXT}. */
    public List<List<String>> query(String sql) {
        try {
            return server.sessions().use(name, () -> connectAsAdministrator(true), connection -> rows(connection, sql));
        } catch (SQLException e) {
            throw failure(sql, e);
        }
    }

    private static List<List<String>> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            int columns = result.getMetaData().getColumnCount();
            List<List<String>> rows = new ArrayList<>();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= columns; column++) {
                    String text = result.getString(column);
                    row.add(text == null ? NULL_TEXT : text);
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** Closes sessions that stand by for the next statement: nobody may be in a database that is dropped. */
    public void disconnect() {
        server.sessions().close(name);
    }

    /**
     * The one value of a query that gives one row with one column.
     *
     * @throws IllegalStateException if it gives anything else
     */
    public String queryOne(String sql) {
        List<List<String>> rows = query(sql);
        if (rows.size() != 1 || rows.get(0).size() != 1) {
            throw new IllegalStateException("not one value but " + rows + ": " + sql);
        }
        return rows.get(0).get(0);
    }

    /**
     * A new session as the superuser, which pg_hba.conf always lets in. Its session_user is the testkit's own role, its
     * current_user {@code postgres}.
     */
    public Connection connect() {
        try {
            return connectAsAdministrator(false);
        } catch (SQLException e) {
            throw failure("connect", e);
        }
    }

    /**
     * A new session of any user, as pg_hba.conf says: with TLS where the server offers it.
     *
     * @throws SQLException as the driver does, so that a test can look at the refusal
     */
    public Connection connect(String user, String password) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        return connect(properties);
    }

    private Connection connectAsAdministrator(boolean simple) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", DataTemplate.ADMINISTRATOR);
        // What the driver sets after the login, a reset takes back.
        properties.setProperty(
                "options",
                "-c role=" + PostgresServer.SUPERUSER + " -c extra_float_digits=3 -c application_name=testkit");
        properties.setProperty("sslmode", "disable");
        if (simple) {
            properties.setProperty("preferQueryMode", "simple");
        }
        return connect(properties);
    }

    private Connection connect(Properties properties) throws SQLException {
        properties.setProperty("ApplicationName", "testkit");
        properties.setProperty("connectTimeout", "10");
        String path = URLEncoder.encode(name, StandardCharsets.UTF_8);
        return DriverManager.getConnection(
                "jdbc:postgresql://" + PostgresServer.HOST + ":" + server.port() + "/" + path, properties);
    }

    private IllegalStateException failure(String what, SQLException e) {
        return new IllegalStateException(
                "database " + name + ": " + e.getSQLState() + " " + e.getMessage() + " in: " + what, e);
    }
}
