// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sessions that transfer money between accounts without pause, one transaction for each transfer: what all accounts hold
 * together stays the same from commit to commit, and each change of one adds one to its version.
 */
final class Tellers implements AutoCloseable {
    static final long OPENING_BALANCE = 1000;

    private final Database database;
    private final int accounts;
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong committed = new AtomicLong();
    private volatile boolean stopping;

    private Tellers(Database database, int accounts) {
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
            Thread thread = new Thread(() -> tellers.run(own), "teller-" + number);
            tellers.threads.add(thread);
            thread.start();
        }
        return tellers;
    }

    private void run(Random random) {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            try (PreparedStatement change = connection.prepareStatement(
                    "UPDATE accounts SET balance = balance + ?, version = version + 1 WHERE id = ?")) {
                while (!stopping) {
                    serveOne(connection, change, random);
                }
            }
        } catch (SQLException | RuntimeException | Error e) {
            failures.add(e);
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
        committed.incrementAndGet();
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

    /** Transfers that have committed so far. */
    long committed() {
        return committed.get();
    }

    /** Waits until that many more transfers have committed. */
    void awaitProgress(long transfers) {
        long goal = committed.get() + transfers;
        Await.until("the tellers have served", () -> {
            requireNoFailure();
            return committed.get() >= goal;
        });
    }

    /** Ends the transfers and waits for that. */
    void stop() {
        close();
        requireNoFailure();
    }

    private void requireNoFailure() {
        Throwable failure = failures.peek();
        if (failure != null) {
            throw new AssertionError("a teller failed", failure);
        }
    }

    @Override
    public void close() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for the tellers", e);
            }
        }
    }
}
