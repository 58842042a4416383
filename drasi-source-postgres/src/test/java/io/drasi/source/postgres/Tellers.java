// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Random;

/**
 * Sessions that transfer money between accounts without pause, one transaction for each transfer: what all accounts hold
 * together stays the same from commit to commit, and each change of one adds one to its version.
 */
final class Tellers extends Load {
    static final long OPENING_BALANCE = 1000;

    private final Database database;
    private final int accounts;

    private Tellers(Database database, int accounts) {
        super("teller");
        this.database = database;
        this.accounts = accounts;
    }

    /** Opens accounts 1 to {@code accounts}. */
    static void openAccounts(Database database, int accounts) {
        database.execute(
                "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, version int NOT NULL)",
                "INSERT INTO accounts SELECT i, " + OPENING_BALANCE + ", 0 FROM generate_series(1, " + accounts
                        + ") AS i");
    }

    static Tellers start(Database database, int accounts, int sessions, Random random) {
        Tellers tellers = new Tellers(database, accounts);
        for (int number = 0; number < sessions; number++) {
            Random own = new Random(random.nextLong());
            tellers.start(() -> tellers.run(own));
        }
        return tellers;
    }

    private void run(Random random) throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            try (PreparedStatement change = connection.prepareStatement(
                    "UPDATE accounts SET balance = balance + ?, version = version + 1 WHERE id = ?")) {
                while (!stopping()) {
                    serveOne(connection, change, random);
                }
            }
        }
    }

    private void serveOne(Connection connection, PreparedStatement change, Random random) throws SQLException {
        switch (random.nextInt(10)) {
            case 0 -> {
                transfer(change, random);
                connection.rollback();
            }
            case 1 -> {
                // The accounts of the transfer that is taken back are smaller: with one order nobody waits in a circle.
                Savepoint savepoint = connection.setSavepoint();
                transfer(change, 1, accounts / 2, random);
                connection.rollback(savepoint);
                transfer(change, accounts / 2 + 1, accounts, random);
                commit(connection);
            }
            case 2 -> {
                connection.setSavepoint();
                transfer(change, random);
                commit(connection);
            }
            default -> {
                transfer(change, random);
                commit(connection);
            }
        }
    }

    private void commit(Connection connection) throws SQLException {
        connection.commit();
        hasCommitted();
    }

    private void transfer(PreparedStatement change, Random random) throws SQLException {
        transfer(change, 1, accounts, random);
    }

    /** Between two different accounts of {@code first} to {@code last}. */
    private static void transfer(PreparedStatement change, int first, int last, Random random) throws SQLException {
        int smaller = first + random.nextInt(last - first);
        int larger = smaller + 1 + random.nextInt(last - smaller);
        long amount = random.nextInt(-500, 501);
        add(change, smaller, amount);
        add(change, larger, -amount);
    }

    private static void add(PreparedStatement change, int account, long amount) throws SQLException {
        change.setLong(1, amount);
        change.setInt(2, account);
        if (change.executeUpdate() != 1) {
            throw new AssertionError("no account " + account);
        }
    }
}
