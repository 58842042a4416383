// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A session that writes large transactions to a table of its own and to one that it shares, with savepoints that it rolls back
 * to or releases, aborts, prepared transactions, large values that an UPDATE leaves alone, TRUNCATE and ALTER TABLE.
 */
final class SavepointWriter {
    static final String SHARED = "shared";

    private static final int MOST_STEPS = 12;
    private static final int MOST_ROWS = 300;

    private final Database database;
    private final int number;
    private final Random random;
    private final int version;
    private final List<String> savepoints = new ArrayList<>();
    private int names;
    private int nextId = 1;

    SavepointWriter(Database database, int version, int number, long seed) {
        this.version = version;
        this.database = database;
        this.number = number;
        this.random = new Random(seed * 31 + number);
    }

    static void createShared(Database database) {
        database.execute("CREATE TABLE " + SHARED + " (id bigserial PRIMARY KEY, writer int, note text)");
    }

    void createTable() {
        database.execute(
                "CREATE TABLE " + table() + " (id int PRIMARY KEY, version int, payload text, big text)",
                "ALTER TABLE " + table() + " ALTER COLUMN big SET STORAGE EXTERNAL");
    }

    String table() {
        return "own" + number;
    }

    void run(int transactions) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (int i = 0; i < transactions; i++) {
                transaction(statement);
            }
        }
    }

    private void transaction(Statement statement) throws SQLException {
        savepoints.clear();
        statement.execute("BEGIN");
        int steps = 1 + random.nextInt(MOST_STEPS);
        for (int i = 0; i < steps; i++) {
            statement.execute(step());
        }
        switch (random.nextInt(10)) {
            case 0, 1 -> statement.execute("ROLLBACK");
            case 2, 3 -> {
                String name = "'w" + number + "_" + names++ + "'";
                statement.execute("PREPARE TRANSACTION " + name);
                statement.execute((random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT") + " PREPARED " + name);
            }
            default -> statement.execute("COMMIT");
        }
    }

    private String step() {
        return switch (random.nextInt(16)) {
            case 0, 1, 2, 3 -> insert();
            case 4, 5 -> "UPDATE " + table() + " SET version = version + 1 WHERE id % 7 = " + random.nextInt(7);
            case 6 -> "UPDATE " + table() + " SET id = -id WHERE id % 31 = " + random.nextInt(31);
            case 7 -> "DELETE FROM " + table() + " WHERE id % 11 = " + random.nextInt(11);
            case 8 ->
                "INSERT INTO " + SHARED + " (writer, note) SELECT " + number
                        + ", repeat('n', i) FROM generate_series(1, " + (1 + random.nextInt(40)) + ") AS i";
            case 9, 10, 11 -> savepoint();
            case 12, 13 -> savepoints.isEmpty() ? savepoint() : rollBackToOne();
            case 14 -> savepoints.isEmpty() ? savepoint() : releaseOne();
            default ->
                random.nextBoolean()
                        ? empty()
                        // The server tells nothing of rows that only have a column more.
                        : "ALTER TABLE " + table() + " ADD COLUMN c" + names++ + " int; UPDATE " + table()
                                + " SET version = version + 1";
        };
    }

    /** Before version 11 a TRUNCATE is not published. */
    private String empty() {
        return (version < 11 ? "DELETE FROM " : "TRUNCATE ") + table();
    }

    private String insert() {
        int first = nextId;
        nextId += 1 + random.nextInt(MOST_ROWS);
        return "INSERT INTO " + table() + " (id, version, payload, big) SELECT i, 0, repeat('p', i % 200),"
                + " CASE WHEN i % 40 = 0 THEN repeat('b', 3000) END FROM generate_series(" + first + ", "
                + (nextId - 1) + ") AS i";
    }

    private String savepoint() {
        String name = "s" + names++;
        savepoints.add(name);
        return "SAVEPOINT " + name;
    }

    /** It stays, those after it are gone. */
    private String rollBackToOne() {
        int index = random.nextInt(savepoints.size());
        String name = savepoints.get(index);
        savepoints.subList(index + 1, savepoints.size()).clear();
        return "ROLLBACK TO " + name;
    }

    private String releaseOne() {
        int index = random.nextInt(savepoints.size());
        String name = savepoints.get(index);
        savepoints.subList(index, savepoints.size()).clear();
        return "RELEASE " + name;
    }
}
