// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drasi-pg stream} as a process, against a real server. */
class StreamIT {
    private static final String PUBLICATION = "CREATE PUBLICATION drasi_publication FOR ALL TABLES;";
    private static PostgresServer server;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder(PostgresVersion.newest())
                .setting("max_replication_slots", "30")
                .setting("max_wal_senders", "30")
                .hba(
                        "local all all trust",
                        "host all scram_user 127.0.0.1/32 scram-sha-256",
                        "host all all 127.0.0.1/32 trust")
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** A new database; its name is good for the slot too. */
    private static Database database(String name, String... scripts) {
        Database database = server.createDatabase(name).database(name);
        database.execute(scripts);
        return database;
    }

    /** Runs up to the server's position at the start. */
    private static List<String> upToNow(Database database, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--slot-name=" + database.name(), "--endpos=now"));
        arguments.addAll(List.of(more));
        return Program.stream(server, database.name(), arguments.toArray(new String[0]))
                .run(Program.PATIENCE)
                .requireSuccess()
                .stdoutLines();
    }

    @Test
    void printsLinesFromWhichAllTablesCanBeRebuilt() {
        Database database = database("rebuilt", PUBLICATION);
        PostgresProgram.psql(server, "rebuilt", Scripts.TABLES);
        PostgresProgram.pgbench(server, "rebuilt", "-i", "-q")
                .run(Program.PATIENCE)
                .requireSuccess();

        RebuiltTables tables = new RebuiltTables().apply(upToNow(database));
        assertThat(tables.snapshotRows()).isEqualTo(100_000 + 10 + 1 + Scripts.FIRST_ROWS);
        assertThat(tables.changes()).isZero();
        requireEqual(tables, database);

        PostgresProgram.psql(server, "rebuilt", Scripts.CHANGES);
        PostgresProgram.pgbench(server, "rebuilt", "-n", "-c", "2", "-t", "250")
                .run(Program.PATIENCE)
                .requireSuccess();
        tables.apply(upToNow(database));

        assertThat(tables.lines("insert")).isEqualTo(Scripts.INSERTS + Scripts.KEY_CHANGES + 500);
        assertThat(tables.lines("update")).isEqualTo(Scripts.UPDATES + 3 * 500);
        assertThat(tables.lines("delete")).isEqualTo(Scripts.DELETES + Scripts.KEY_CHANGES);
        assertThat(tables.lines("truncate")).isEqualTo(1);
        requireEqual(tables, database);
    }

    private static void requireEqual(RebuiltTables tables, Database database) {
        for (String label : List.of(
                "pgbench_accounts",
                "pgbench_branches",
                "pgbench_tellers",
                "pgbench_history",
                "typed",
                "documents",
                "carts",
                "other.typed")) {
            tables.requireEqual(database, label);
        }
    }

    @Test
    void goesOnWhereItWasEndedBySignalsWithoutGapOrRepetition() {
        Database database = database("signals", PUBLICATION);
        PostgresProgram.pgbench(server, "signals", "-i", "-q", "--scale=1")
                .run(Program.PATIENCE)
                .requireSuccess();
        RebuiltTables tables = new RebuiltTables().apply(upToNow(database));
        try (Proc load = PostgresProgram.pgbench(server, "signals", "-n", "-c", "2", "-R", "100", "-T", "900")
                .start()) {
            for (int round = 0; round < 4; round++) {
                try (Proc stream =
                        Program.stream(server, "signals", "--slot-name=signals").start()) {
                    stream.awaitLine("history line", Program.PATIENCE, line -> line.contains("pgbench_history"));
                    stream.signal(round % 2 == 0 ? "TERM" : "INT");
                    Proc.Result result = stream.await(Program.PATIENCE).requireSuccess();
                    tables.apply(result.stdoutLines());
                    assertThat(tables.endsWithAWholeTransaction()).isTrue();
                    assertThat(result.stdout()).endsWith("}\n");
                }
            }
            load.interrupt();
            load.await(Program.PATIENCE);
            // Whoever it has told to commit does that after it has gone.
            Await.until(
                    "the sessions of pgbench end",
                    Program.PATIENCE,
                    () -> database.queryOne("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'"
                                    + " AND datname = current_database()")
                            .equals("0"));
        }
        tables.apply(upToNow(database));
        for (String label : List.of("pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history")) {
            tables.requireEqual(database, label);
        }
    }

    @Test
    void losesNothingWhenItsReaderClosesThePipe() {
        Database database = database("pipe", "CREATE TABLE t (id int PRIMARY KEY)", PUBLICATION);
        upToNow(database, "--no-bootstrap");
        List<String> lines = new ArrayList<>();
        try (Proc stream = Program.stream(server, "pipe", "--slot-name=pipe")
                .closeStdoutAfter(5)
                .start()) {
            for (int i = 1; i <= 5; i++) {
                int count = i;
                database.execute("INSERT INTO t VALUES (" + i + ")");
                Await.until(
                        "line " + i,
                        Program.PATIENCE,
                        () -> stream.stdout().chars().filter(c -> c == '\n').count() == count);
            }
            Await.until("the end of the program", Program.PATIENCE, () -> {
                database.execute("INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t");
                return !stream.running();
            });
            Proc.Result result = stream.await(Program.PATIENCE);
            assertThat(result.exitCode()).isEqualTo(141);
            assertThat(result.stderr()).doesNotContain("Exception");
            lines.addAll(result.stdoutLines());
        }
        assertThat(lines).hasSize(5);
        lines.addAll(upToNow(database));
        RebuiltTables tables = new RebuiltTables().apply(lines);
        tables.requireEqual(database, "t");
        assertThat(tables.changes()).isEqualTo(Integer.parseInt(database.queryOne("SELECT count(*) FROM t")));
    }

    @Test
    void bootstrapsAgainWhenThePipeClosedDuringTheSnapshot() {
        Database database = database(
                "pipe2",
                "CREATE TABLE t (id int PRIMARY KEY, filler text)",
                "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 5000) AS i",
                PUBLICATION);
        Proc.Result first = Program.stream(server, "pipe2", "--slot-name=pipe2")
                .closeStdoutAfter(5)
                .run(Program.PATIENCE);
        assertThat(first.exitCode()).isEqualTo(141);
        RebuiltTables tables = new RebuiltTables().apply(upToNow(database));
        assertThat(tables.snapshotRows()).isEqualTo(5000);
        tables.requireEqual(database, "t");
    }

    @Test
    void bootstrapsWithANewSlotAndNotWithAnExistingOne() {
        Database database =
                database("slots", "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)", PUBLICATION);
        assertThat(types(upToNow(database))).containsExactly("bootstrap-started", "insert", "bootstrap-completed");
        assertThat(upToNow(database)).isEmpty();
        database.execute("INSERT INTO t VALUES (2)");
        assertThat(types(upToNow(database))).containsExactly("insert");
        assertThat(types(upToNow(database, "--bootstrap")))
                .containsExactly("bootstrap-started", "insert", "insert", "bootstrap-completed");
    }

    private static List<String> types(List<String> lines) {
        return lines.stream()
                .map(line -> RebuiltTables.parse(line).get("type").asText())
                .toList();
    }

    @Test
    void endsAtAGivenPositionAndLeavesTheRestForTheNextRun() {
        Database database = database("endpos", "CREATE TABLE t (id int PRIMARY KEY)", PUBLICATION);
        upToNow(database);
        database.execute("INSERT INTO t VALUES (1)");
        String position = database.queryOne("SELECT pg_current_wal_insert_lsn()");
        database.execute("INSERT INTO t VALUES (2)");
        assertThat(Program.stream(server, "endpos", "--slot-name=endpos", "--endpos=" + position)
                        .run(Program.PATIENCE)
                        .requireSuccess()
                        .stdoutLines())
                .singleElement()
                .asString()
                .contains("\"t:1\"");
        assertThat(upToNow(database)).singleElement().asString().contains("\"t:2\"");
    }

    @Test
    void readsUriEnvironmentAndPasswordFile() throws Exception {
        database(
                "Shop & Söhne",
                "CREATE TABLE \"Kunden\" (\"Nr\" int PRIMARY KEY)",
                "CREATE PUBLICATION \"Alles Neue\" FOR ALL TABLES");
        server.execute("CREATE ROLE scram_user SUPERUSER REPLICATION LOGIN PASSWORD 'it''s: a \\ secret'");
        Path passwords = directory.resolve("passwords");
        Files.writeString(passwords, "127.0.0.1:*:Shop & Söhne:scram_user:it's\\: a \\\\ secret\n");
        Files.setPosixFilePermissions(passwords, PosixFilePermissions.fromString("rw-------"));
        Proc.Builder program = Program.of(
                        "stream",
                        "postgresql://scram_user@127.0.0.1/Shop%20%26%20S%C3%B6hne?sslmode=disable",
                        "--slot-name=uri",
                        "--publication-name=Alles Neue",
                        "--endpos=now")
                .environment("PGPORT", Integer.toString(server.port()))
                .environment("PGPASSFILE", passwords.toString());
        assertThat(program.run(Program.PATIENCE).requireSuccess().stdout()).contains("\"labels\":[\"Kunden\"]");

        Files.setPosixFilePermissions(passwords, PosixFilePermissions.fromString("rw-r--r--"));
        Proc.Result refused = program.run(Program.PATIENCE);
        assertThat(refused.exitCode()).isEqualTo(3);
        assertThat(refused.stderr()).contains("has group or world access").doesNotContain("secret");
    }

    @Test
    void streamsOverAUnixSocket() {
        database("socket", "CREATE TABLE t (id int PRIMARY KEY)", PUBLICATION);
        Proc.Result result = Program.of(
                        "stream", "-U", "postgres", "-d", "socket", "--slot-name=socket", "--endpos=now")
                .environment("PGHOST", server.socketDirectory())
                .environment("PGPORT", Integer.toString(server.port()))
                .run(Program.PATIENCE)
                .requireSuccess();
        assertThat(result.stdoutLines()).hasSize(2);
    }

    @Test
    void streamsSeveralSourcesOfAConfigurationFile() throws Exception {
        Database one = database("several_one", "CREATE TABLE t (id int PRIMARY KEY, a text)", PUBLICATION);
        Database two = database("several_two", "CREATE TABLE t (a int, b int, PRIMARY KEY (b))", PUBLICATION);
        Path file = directory.resolve("sources.yaml");
        Files.writeString(file, """
                sources:
                  - id: one
                    host: %1$s
                    port: %2$d
                    user: postgres
                    database: several_one
                    slot_name: several_one
                  - id: two
                    host: %1$s
                    port: %2$d
                    user: postgres
                    database: several_two
                    slot_name: several_two
                    table_keys:
                      - table: t
                        key_columns: [b]
                  - id: three
                    auto_start: false
                """.formatted(server.host(), server.port()));
        Program.of("stream", "--config=" + file, "--endpos=now")
                .run(Program.PATIENCE)
                .requireSuccess();
        for (int i = 0; i < 200; i++) {
            one.execute("INSERT INTO t VALUES (" + i + ", 'x')");
            two.execute("INSERT INTO t VALUES (" + i + ", " + 2 * i + ")");
        }
        List<String> lines = Program.of("stream", "--config=" + file, "--endpos=now")
                .run(Program.PATIENCE)
                .requireSuccess()
                .stdoutLines();
        for (Database database : List.of(one, two)) {
            String source = database == one ? "one" : "two";
            List<String> own =
                    lines.stream().filter(line -> sourceOf(line).equals(source)).collect(Collectors.toList());
            assertThat(own).hasSize(200);
            new RebuiltTables().apply(own).requireEqual(database, "t");
        }
    }

    private static String sourceOf(String line) {
        JsonNode json = RebuiltTables.parse(line);
        return json.required("source").asText();
    }
}
