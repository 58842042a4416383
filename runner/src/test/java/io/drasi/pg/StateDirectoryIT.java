// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.drasi.model.Position;
import io.drasi.model.StoredPosition;
import io.drasi.source.postgres.store.FilePositionStore;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drasi-pg stream --state-dir}. */
class StateDirectoryIT {
    private static final String TABLE = "CREATE TABLE t (id int PRIMARY KEY, version int NOT NULL)";
    private static final String PUBLICATION = "CREATE PUBLICATION drasi_publication FOR ALL TABLES";
    private static final int KILLS = 3;
    private static PostgresServer server;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder(PostgresVersion.newest()).start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Database database(String name) {
        Database database = server.createDatabase(name).database(name);
        database.execute(TABLE, "INSERT INTO t SELECT i, 0 FROM generate_series(1, 50) AS i", PUBLICATION);
        return database;
    }

    private Proc.Builder stream(Database database, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--slot-name=" + database.name(), "--state-dir=" + directory));
        arguments.addAll(List.of(more));
        return Program.stream(server, database.name(), arguments.toArray(new String[0]));
    }

    private List<String> upToNow(Database database, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--endpos=now"));
        arguments.addAll(List.of(more));
        return stream(database, arguments.toArray(new String[0]))
                .run(Program.PATIENCE)
                .requireSuccess()
                .stdoutLines();
    }

    private Optional<Position> stored() {
        try (FilePositionStore store = FilePositionStore.open(directory, "drasi-pg")) {
            return store.load("drasi-pg").map(StoredPosition::position);
        }
    }

    @Test
    void printsNothingTwiceWhenItWasEndedInOrder() {
        Database database = database("orderly");
        RebuiltTables tables = new RebuiltTables().apply(upToNow(database));
        database.execute("UPDATE t SET version = version + 1");
        tables.apply(upToNow(database));
        assertThat(tables.lines("update")).isEqualTo(50);
        tables.requireEqual(database, "t");
        assertThat(tables.snapshotRows()).isEqualTo(50);
        assertThat(upToNow(database)).isEmpty();
        assertThat(upToNow(database, "--bootstrap")).as("it begins again").hasSize(52);
    }

    @Test
    void losesNothingWhenItIsKilledAndRepeatsWhatComesAfterItsPosition() {
        Database database = database("killed");
        Random random = new Random(1);
        RebuiltTables tables = new RebuiltTables().apply(upToNow(database));
        Position last = stored().orElseThrow();
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread load = new Thread(() -> write(database, stop, failure), "load");
        load.start();
        try {
            for (int kill = 0; kill < KILLS; kill++) {
                Optional<Position> from = stored();
                try (Proc program = stream(database).start()) {
                    program.awaitLine("update", Program.PATIENCE, line -> line.contains("\"update\""));
                    sleep(random.nextInt(300));
                    program.kill();
                    program.await(Program.PATIENCE);
                    last = apply(tables, program.stdout(), from, last);
                }
            }
        } finally {
            stop.set(true);
            join(load);
        }
        assertThat(failure.get()).isNull();
        Optional<Position> from = stored();
        assertThat(from).isPresent();
        String rest = stream(database, "--endpos=now")
                .run(Program.PATIENCE)
                .requireSuccess()
                .stdout();
        apply(tables, rest, from, last);
        tables.requireEqual(database, "t");
        assertThat(tables.lines("update") + 0L)
                .as("updates, each once")
                .isEqualTo(Long.parseLong(database.queryOne("SELECT sum(version) FROM t")));
    }

    private static void write(Database database, AtomicBoolean stop, AtomicReference<Throwable> failure) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (int i = 0; !stop.get(); i++) {
                statement.executeUpdate("UPDATE t SET version = version + 1 WHERE id % 10 = " + i % 10);
                sleep(1);
            }
        } catch (SQLException | RuntimeException e) {
            failure.set(e);
        }
    }

    /**
     * Applies what is new to somebody who leaves out what he has already, and does not take a transaction that was cut off.
     *
     * @param from nothing of before is printed again
     * @param last what he has
     * @return what he has then
     */
    private static Position apply(RebuiltTables tables, String output, Optional<Position> from, Position last) {
        List<String> lines = new ArrayList<>(
                output.substring(0, output.lastIndexOf('\n') + 1).lines().toList());
        while (!lines.isEmpty() && lines.get(lines.size() - 1).contains("\"last\":false")) {
            lines.remove(lines.size() - 1);
        }
        Position end = last;
        List<String> fresh = new ArrayList<>();
        for (String line : lines) {
            Position position = position(line);
            from.ifPresent(stored -> assertThat(position).isGreaterThan(stored));
            if (position.compareTo(last) > 0) {
                fresh.add(line);
                end = position;
            }
        }
        tables.apply(fresh);
        return end;
    }

    private static Position position(String line) {
        JsonNode position = RebuiltTables.parse(line).required("position");
        return Position.parse(position.required("lsn").asText() + ":"
                + position.required("ordinal").asLong());
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void refusesADirectoryThatAnotherProcessUses() {
        Database database = database("shared");
        try (Proc first = stream(database).start()) {
            first.awaitLine("bootstrap", Program.PATIENCE, line -> line.contains("bootstrap-completed"));
            requireFailure(
                    Program.stream(server, "shared", "--slot-name=shared_2", "--state-dir=" + directory),
                    1,
                    "the positions of source 'drasi-pg' in " + directory + " are in use by another process: process "
                            + first.pid() + " since ");
        }
    }

    @Test
    void refusesAPositionThatTheServerDoesNotHaveAndADamagedFile() throws Exception {
        Database database = database("behind");
        upToNow(database);
        database.execute("UPDATE t SET version = 1");
        server.execute("SELECT pg_drop_replication_slot('behind')");
        requireFailure(
                stream(database), 5, "replication slot \"behind\" does not exist", "drasi-pg stream --bootstrap");
        assertThat(upToNow(database, "--bootstrap")).hasSize(52);
        Path file = directory.resolve("drasi-pg.positions");
        Files.writeString(file, Files.readString(file).replace("drasi-pg", "drasi_pg"));
        requireFailure(stream(database), 1, "the file of positions " + file + " is damaged at byte 27: ");
    }

    private static void requireFailure(Proc.Builder program, int exitCode, String... texts) {
        Proc.Result result = program.run(Program.PATIENCE);
        assertThat(result.exitCode()).as(result.stderr()).isEqualTo(exitCode);
        assertThat(result.stderr()).contains(texts).doesNotContain("\tat ");
        assertThat(result.stdout()).isEmpty();
    }

    @Test
    void keepsThePositionsOfSeveralSourcesOfAConfigurationFile() throws Exception {
        Database one = database("states_one");
        Database two = database("states_two");
        Path states = directory.resolve("not").resolve("there yet");
        Path file = directory.resolve("sources.yaml");
        String source = """
                  - id: %1$s
                    host: %2$s
                    port: %3$d
                    user: postgres
                    database: %1$s
                    slot_name: %1$s
                    state_dir: %4$s
                """;
        Files.writeString(
                file,
                "sources:\n"
                        + source.formatted("states_one", server.host(), server.port(), states)
                        + source.formatted("states_two", server.host(), server.port(), states));
        Proc.Builder program = Program.of("stream", "--config=" + file, "--endpos=now");
        assertThat(program.run(Program.PATIENCE).requireSuccess().stdoutLines()).hasSize(104);
        assertThat(states.resolve("states_one.positions")).exists();
        assertThat(states.resolve("states_two.positions")).exists();
        one.execute("UPDATE t SET version = 1 WHERE id = 1");
        two.execute("UPDATE t SET version = 1 WHERE id <= 2");
        assertThat(program.run(Program.PATIENCE).requireSuccess().stdoutLines()).hasSize(3);
    }
}
