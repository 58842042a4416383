// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that write without pause and whose every change can be accounted for by a {@link DeliveryCheck}: each update of
 * a row of {@code items} adds one to its version, and each transaction adds a row to {@code batches} with the number of
 * its other changes. Each thread has rows of its own, so what a seed makes does not depend on the others. A connection that
 * breaks is replaced: the server may be restarted meanwhile.
 */
final class Writers extends Load {
    private static final int MOST_CHANGES = 6;
    private static final int LONGEST_PAYLOAD = 300;
    private static final long HELD_NANOS = 1_000_000;

    private final Database database;
    private final int threadCount;
    private volatile boolean held;

    private Writers(Database database, int threadCount) {
        super("writer");
        this.database = database;
        this.threadCount = threadCount;
    }

    /** Makes the tables, with that many rows of {@code items}. */
    static void createTables(Database database, int rows) {
        database.execute(
                "CREATE TABLE items (id int PRIMARY KEY, version int NOT NULL, payload text NOT NULL)",
                "CREATE TABLE batches (id bigserial PRIMARY KEY, changes int NOT NULL)",
                "CREATE TABLE marks (id bigserial PRIMARY KEY)",
                "INSERT INTO items SELECT i, 0, repeat('x', i % 100) FROM generate_series(0, " + rows + " - 1) AS i");
    }

    /** Starts to write to the tables that {@link #createTables} made. */
    static Writers start(Database database, int threadCount, long seed) {
        Writers writers = new Writers(database, threadCount);
        for (int number = 0; number < threadCount; number++) {
            Writer writer = writers.new Writer(number, new Random(seed * 31 + number));
            writers.start(writer::run);
        }
        return writers;
    }

    /** Whether they write nothing until they are told otherwise. */
    void hold(boolean now) {
        held = now;
    }

    private final class Writer {
        private final int number;
        private final Random random;
        /** Ids that are in the table. */
        private List<Integer> present = new ArrayList<>();
        /** Ids that are not. */
        private List<Integer> absent = new ArrayList<>();

        Writer(int number, Random random) {
            this.number = number;
            this.random = random;
        }

        void run() throws SQLException {
            while (!stopping()) {
                Optional<Connection> connection = connect();
                if (connection.isPresent()) {
                    write(connection.get());
                }
            }
        }

        /** Waits for a server that is away. */
        private Optional<Connection> connect() {
            return Await.untilPresent("the server lets a writer in", () -> {
                try {
                    return Optional.of(Optional.of(database.connect()));
                } catch (IllegalStateException e) {
                    return stopping() ? Optional.of(Optional.empty()) : Optional.empty();
                }
            });
        }

        private void write(Connection connection) throws SQLException {
            try (connection) {
                connection.setAutoCommit(false);
                load(connection);
                while (!stopping()) {
                    if (held) {
                        LockSupport.parkNanos(HELD_NANOS);
                    } else {
                        transaction(connection);
                    }
                }
            } catch (SQLException e) {
                if (!String.valueOf(e.getSQLState()).matches("08...|57P..")) {
                    throw e;
                }
            }
        }

        private void load(Connection connection) throws SQLException {
            present.clear();
            absent.clear();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(
                            "SELECT id FROM items WHERE id % " + threadCount + " = " + number + " ORDER BY id")) {
                while (rows.next()) {
                    present.add(rows.getInt(1));
                }
            }
            for (int id = number; absent.size() < 100; id += threadCount) {
                if (!present.contains(id)) {
                    absent.add(id);
                }
            }
            connection.commit();
        }

        private void transaction(Connection connection) throws SQLException {
            List<Integer> presentBefore = List.copyOf(present);
            List<Integer> absentBefore = List.copyOf(absent);
            int changes = 1 + random.nextInt(MOST_CHANGES);
            for (int i = 0; i < changes; i++) {
                change(connection);
            }
            update(connection, "INSERT INTO batches (changes) VALUES (?)", changes);
            if (random.nextInt(10) == 0) {
                connection.rollback();
                present = new ArrayList<>(presentBefore);
                absent = new ArrayList<>(absentBefore);
            } else {
                connection.commit();
                hasCommitted();
            }
        }

        private void change(Connection connection) throws SQLException {
            int kind = random.nextInt(4);
            if ((kind == 0 && !absent.isEmpty()) || present.isEmpty()) {
                int id = absent.remove(random.nextInt(absent.size()));
                present.add(id);
                update(connection, "INSERT INTO items VALUES (?, 0, repeat('i', ?))", id, length());
            } else if (kind == 1) {
                int id = present.remove(random.nextInt(present.size()));
                absent.add(id);
                update(connection, "DELETE FROM items WHERE id = ?", id);
            } else {
                int id = present.get(random.nextInt(present.size()));
                update(
                        connection,
                        "UPDATE items SET version = version + 1, payload = repeat('u', ?) WHERE id = ?",
                        length(),
                        id);
            }
        }

        private int length() {
            return random.nextInt(LONGEST_PAYLOAD);
        }

        private void update(Connection connection, String sql, int... values) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < values.length; i++) {
                    statement.setInt(i + 1, values[i]);
                }
                if (statement.executeUpdate() != 1) {
                    throw new AssertionError("changed nothing: " + statement);
                }
            }
        }
    }
}
