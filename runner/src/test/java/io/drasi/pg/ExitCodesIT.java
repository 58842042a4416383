// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the program ends, and what it says then. */
class ExitCodesIT {
    private static PostgresServer server;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder(PostgresVersion.newest())
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

    private static void requireFailure(Proc.Builder program, int exitCode, String... texts) {
        Proc.Result result = program.run(Program.PATIENCE);
        assertThat(result.exitCode()).as(result.stderr()).isEqualTo(exitCode);
        assertThat(result.stderr()).contains(texts);
        assertThat(result.stderr()).doesNotContain("\tat ");
        assertThat(result.stdout()).isEmpty();
    }

    @Test
    void refusesWrongOptionsWithTwo() throws Exception {
        requireFailure(Program.of(), 2, "demo or stream");
        requireFailure(Program.of("strem"), 2, "strem");
        requireFailure(Program.of("stream", "--prot=1"), 2, "--prot", "drasi-pg stream --help");
        requireFailure(Program.of("stream", "--port=abc"), 2, "--port must be a number from 1 to 65,535, was 'abc'");
        requireFailure(Program.of("stream", "--slot-name=Nope"), 2, "slot_name");
        requireFailure(Program.of("stream", "postgresql://a,b/d"), 2, "several hosts");
        requireFailure(Program.of("stream", "--table-key=users"), 2, "--table-key must be table=column");
        requireFailure(Program.of("stream", "--tables=a.b.c"), 2, "tables: table name 'a.b.c' has more than one dot");
        requireFailure(Program.of("demo", "--for=soon"), 2, "--for must be a duration");
        requireFailure(Program.of("stream").environment("PGPORT", "0"), 2, "PGPORT");
        Path file = directory.resolve("f.yaml");
        Files.writeString(file, "slot: x\n");
        requireFailure(Program.of("stream", "--config=" + file), 2, "unknown key 'slot'", "did you mean 'slot_name'?");
        Files.writeString(file, "sources: [{id: a}, {id: b}]\n");
        requireFailure(Program.of("stream", "--config=" + file), 2, "'a' and 'b' have the same slot_name");
        requireFailure(
                Program.stream(server, "postgres", "--endpos=here"), 2, "--endpos must be a position", "was 'here'");
    }

    @Test
    void endsWithThreeWhenItCannotConnectOrLogIn() {
        requireFailure(Program.of("stream", "-h", "127.0.0.1", "-p", "1"), 3, "127.0.0.1:1");
        requireFailure(Program.of("stream", "-h", "no-such-host.invalid"), 3, "no-such-host.invalid");
        requireFailure(Program.stream(server, "nowhere"), 3, "nowhere");
        server.execute("CREATE ROLE scram_user SUPERUSER LOGIN PASSWORD 'right'");
        requireFailure(
                Program.of("stream", "postgresql://scram_user@127.0.0.1:" + server.port() + "/postgres")
                        .environment("PGPASSWORD", "wrong"),
                3,
                "scram_user");
        requireFailure(Program.stream(server, "postgres", "--ssl-mode=require"), 3, "ssl_mode");
    }

    @Test
    void endsWithThreeWhenTheDatabaseLetsNobodyIn() {
        server.createDatabase("forbidden").createDatabase("shut");
        server.execute(
                "CREATE ROLE guest LOGIN",
                "REVOKE CONNECT ON DATABASE forbidden FROM PUBLIC",
                "ALTER DATABASE shut ALLOW_CONNECTIONS false");
        requireFailure(
                Program.of("stream", "postgresql://guest@127.0.0.1:" + server.port() + "/forbidden"),
                3,
                "permission denied for database \"forbidden\"",
                "GRANT CONNECT ON DATABASE \"forbidden\" TO \"guest\"");
        requireFailure(Program.stream(server, "shut"), 3, "database \"shut\" is not currently accepting connections");
    }

    @Test
    void endsWithFourWhenTheServerIsNotSetUp() {
        server.createDatabase("unset").database("unset").execute("CREATE TABLE t (id int PRIMARY KEY)");
        requireFailure(
                Program.stream(server, "unset", "--slot-name=unset"), 4, "CREATE PUBLICATION \"drasi_publication\"");
        server.execute("CREATE ROLE plain LOGIN");
        server.database("unset").execute("CREATE PUBLICATION drasi_publication FOR TABLE t");
        requireFailure(
                Program.of("stream", "postgresql://plain@127.0.0.1:" + server.port() + "/unset", "--slot-name=unset"),
                4,
                "ALTER ROLE \"plain\" WITH REPLICATION");
    }

    @Test
    void endsWithFiveWhenThePositionIsGone() {
        Database database = server.createDatabase("gone").database("gone");
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY)",
                "SELECT pg_create_logical_replication_slot('gone', 'pgoutput')",
                "INSERT INTO t VALUES (1)",
                "CREATE PUBLICATION drasi_publication FOR TABLE t");
        requireFailure(Program.stream(server, "gone", "--slot-name=gone"), 5, "pg_drop_replication_slot", "bootstrap");
    }

    @Test
    void endsAtTheFirstFailureOnlyIfToldTo() {
        Database database = server.createDatabase("noloop").database("noloop");
        database.execute("CREATE TABLE t (id int PRIMARY KEY)", "CREATE PUBLICATION drasi_publication FOR TABLE t");
        try (Proc stubborn =
                        Program.stream(server, "noloop", "--slot-name=stubborn").start();
                Proc once = Program.stream(server, "noloop", "--slot-name=once", "--no-loop")
                        .start()) {
            stubborn.awaitLine("bootstrap", Program.PATIENCE, line -> line.contains("bootstrap-completed"));
            once.awaitLine("bootstrap", Program.PATIENCE, line -> line.contains("bootstrap-completed"));
            database.execute("INSERT INTO t VALUES (1)");
            stubborn.awaitLine("row 1", Program.PATIENCE, line -> line.contains("\"t:1\""));
            once.awaitLine("row 1", Program.PATIENCE, line -> line.contains("\"t:1\""));
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
            assertThat(once.await(Program.PATIENCE).exitCode()).isIn(1, 3);
            database.execute("INSERT INTO t VALUES (2)");
            stubborn.awaitLine("row 2", Program.PATIENCE, line -> line.contains("\"t:2\""));
            stubborn.interrupt();
            stubborn.await(Program.PATIENCE).requireSuccess();
        }
    }

    @Test
    void showsStackTracesOnlyWhenAsked() {
        Proc.Result result = Program.of("stream", "-h", "127.0.0.1", "-p", "1", "--stacktrace")
                .run(Program.PATIENCE);
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.stderr()).contains("\tat io.drasi");
    }

    @Test
    void documentsOptionsAndExitCodes() {
        Proc.Result result =
                Program.of("stream", "--help").run(Program.PATIENCE).requireSuccess();
        assertThat(result.stdout())
                .contains("--host", "--endpos", "--table-key", "--[no-]bootstrap", "Exit codes:", "130", "141");
        assertThat(Program.of("--version")
                        .run(Program.PATIENCE)
                        .requireSuccess()
                        .stdout())
                .startsWith("drasi-pg ");
        assertThat(Program.of("--help").run(Program.PATIENCE).requireSuccess().stdout())
                .contains("demo", "stream");
    }
}
