// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.RandomTable.Column;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What happens to a database and to a source that reads it, at random: transactions, altered tables, broken connections,
 * another subscription. One session writes, so that the same random numbers give the same history.
 *
 * <p>Left out is what the stream does not show. A table that is altered and never written again keeps its old shape with the
 * subscriber. Under REPLICA IDENTITY FULL the log does not tell of which columns the primary key was made, and a source that
 * is behind takes today's: so it catches up before keys change.
 */
final class RandomHistory implements AutoCloseable {
    private static final int MOST_TABLES = 4;
    private static final int MOST_TRANSACTIONS = 40;
    private static final int LONGEST_LOGGED = 300;

    private final SourceFixture fixture;
    private final Random random;
    private final RandomTypes types;
    private final RandomAlteration alteration;
    private final List<RandomTable> tables = new ArrayList<>();
    private final Connection connection;
    private final List<String> log = new ArrayList<>();
    private final List<Recorder> recorders = new ArrayList<>();

    RandomHistory(SourceFixture fixture, Random random) {
        this.fixture = fixture;
        this.random = random;
        this.types = new RandomTypes(random, fixture.version());
        this.alteration = new RandomAlteration(random, types, fixture.version(), tables);
        this.connection = fixture.database().connect();
    }

    /** Whether the subscribers' source reads in binary format, at least at first. */
    boolean binary() {
        return types.binary();
    }

    List<RandomTable> tables() {
        return tables;
    }

    /** Those who were given all of it. */
    List<Recorder> recorders() {
        return recorders;
    }

    Connection connection() {
        return connection;
    }

    /** What was executed, each statement on a line. */
    String log() {
        return String.join("\n", log);
    }

    /** Lets it happen; afterwards the subscribers have everything. */
    void run() throws SQLException {
        begin();
        int before = random.nextInt(MOST_TRANSACTIONS / 3);
        for (int i = 0; i < before; i++) {
            transaction();
        }
        log("-- bootstrap");
        recorders.add(fixture.bootstrap());
        int pace = 1 + random.nextInt(4);
        for (int i = 5 + random.nextInt(MOST_TRANSACTIONS); i > 0; i--) {
            happen();
            if (random.nextInt(pace) == 0) {
                catchUp(); // else the bootstrap may have it all
            } else {
                recorders.forEach(Recorder::takeWaiting);
            }
        }
        for (RandomTable table : tables) {
            execute(table.insert(random)); // shows the table's last shape
        }
        catchUp();
    }

    private void begin() throws SQLException {
        execute("SET extra_float_digits = 3");
        execute("SET TimeZone = 'UTC'");
        execute("CREATE SCHEMA other");
        executeAll(types.statements());
        for (int i = random.nextInt(MOST_TABLES - 1); i >= 0; i--) {
            createTable();
        }
        execute("CREATE PUBLICATION " + SourceFixture.PUBLICATION + " FOR ALL TABLES");
    }

    private void createTable() throws SQLException {
        RandomTable table = alteration.newTable();
        tables.add(table);
        execute(table.createStatement());
        executeAll(alteration.identify(table));
    }

    private void happen() throws SQLException {
        switch (random.nextInt(20)) {
            case 0 -> breakConnections();
            case 1 -> catchUp();
            case 2 -> execute(types.newMood());
            case 3 -> {
                if (tables.size() < MOST_TABLES) {
                    createTable();
                }
            }
            case 4 -> {
                if (recorders.size() == 1) {
                    log("-- another subscription");
                    recorders.add(fixture.record(
                            recorders.get(0).source(),
                            SubscriptionSettings.forQuery("late").withBootstrap()));
                }
            }
            default -> transaction();
        }
    }

    private void breakConnections() throws SQLException {
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'testkit'");
    }

    private void catchUp() {
        log("-- catch up");
        recorders.forEach(Recorder::catchUpWithBootstraps);
    }

    /** Alters at most one table: a bootstrap and a transaction that lock two each could wait for one another. */
    private void transaction() throws SQLException {
        boolean altering = random.nextInt(3) == 0;
        if (altering && random.nextBoolean()) {
            executeAll(alter(anyTable())); // each statement a transaction
            altering = false;
        }
        boolean amid = altering && random.nextBoolean();
        if (amid) {
            catchUp();
        }
        List<String> first = altering && !amid ? alter(anyTable()) : List.of();
        execute("BEGIN");
        executeAll(first);
        changeRows();
        if (amid) {
            executeAll(alteration.next(anyTable()));
            changeRows();
        }
        execute(!altering && random.nextInt(8) == 0 ? "ROLLBACK" : "COMMIT");
    }

    private List<String> alter(RandomTable table) {
        List<Column> key = table.key;
        List<String> statements = alteration.next(table);
        if (!table.key.equals(key)) {
            catchUp();
        }
        return statements;
    }

    private void changeRows() throws SQLException {
        for (int i = random.nextInt(6); i >= 0; i--) {
            boolean undone = random.nextInt(8) == 0;
            if (undone || random.nextInt(8) == 0) {
                execute("SAVEPOINT s");
            }
            execute(anyTable().change(random));
            if (undone) {
                execute("ROLLBACK TO s");
            }
        }
    }

    private RandomTable anyTable() {
        return tables.get(random.nextInt(tables.size()));
    }

    private void executeAll(List<String> statements) throws SQLException {
        for (String statement : statements) {
            execute(statement);
        }
    }

    private void execute(String sql) throws SQLException {
        log(sql);
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    private void log(String line) {
        log.add(line.length() > LONGEST_LOGGED ? line.substring(0, LONGEST_LOGGED) + " …" : line);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
