// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import io.drasi.testkit.TlsFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the program ends, and what it says then. */
class ExitCodesIT {
    private static PostgresServer server;
    /** Not for replication, but with TLS. */
    private static PostgresServer tlsServer;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder(PostgresVersion.newest())
                .hba(
                        "local all all trust",
                        "host all scram_user 127.0.0.1/32 scram-sha-256",
                        "host all md5_user 127.0.0.1/32 md5",
                        "host all all 127.0.0.1/32 trust")
                .start();
        tlsServer = PostgresServer.builder(PostgresVersion.newest())
                .setting("wal_level", "replica")
                .tls(TlsFiles.builder().alternativeNames("localhost").create())
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
        tlsServer.close();
    }

    /** A database with the publication that the source looks for, for one table. */
    private static Database published(String name) {
        Database database = server.createDatabase(name).database(name);
        database.execute("CREATE TABLE t (id int PRIMARY KEY)", "CREATE PUBLICATION drasi_publication FOR TABLE t");
        return database;
    }

    private static Proc.Builder streamAs(String user, String database, String... arguments) {
        List<String> all = new ArrayList<>(
                List.of("stream", "postgresql://" + user + "@127.0.0.1:" + server.port() + "/" + database));
        all.addAll(List.of(arguments));
        return Program.of(all.toArray(new String[0]));
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
        requireFailure(Program.of(), 2, "demo, stream or drop-slot");
        requireFailure(Program.of("strem"), 2, "strem");
        requireFailure(Program.of("stream", "--prot=1"), 2, "--prot", "drasi-pg stream --help");
        requireFailure(Program.of("stream", "--port=abc"), 2, "--port must be a number from 1 to 65,535, was 'abc'");
        requireFailure(Program.of("stream", "--slot-name=Nope"), 2, "slot_name");
        requireFailure(Program.of("stream", "--host=a,b", "--port=1,2,3"), 2, "port must be one for all hosts");
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
        requireFailure(
                streamAs("nobody", "postgres"),
                3,
                "role \"nobody\" does not exist",
                "CREATE ROLE \"nobody\" LOGIN REPLICATION PASSWORD");
    }

    @Test
    void endsWithThreeWhenTheServerAsksForMd5() {
        server.execute("SET password_encryption = md5; CREATE ROLE md5_user SUPERUSER LOGIN PASSWORD 'right'");
        requireFailure(
                streamAs("md5_user", "postgres").environment("PGPASSWORD", "right"),
                3,
                "MD5",
                "password_encryption",
                "scram-sha-256");
    }

    @Test
    void endsWithThreeWhenTheCertificateIsNotTrustedOrHasAnotherName() {
        String otherRoot = "--ssl-root-cert=" + TlsFiles.shared().rootCertificate();
        String root = "--ssl-root-cert=" + tlsServer.tlsFiles().rootCertificate();
        requireFailure(
                Program.stream(tlsServer, "postgres", "--ssl-mode=verify-ca", otherRoot),
                3,
                "certificate",
                "ssl_root_cert");
        requireFailure(
                Program.stream(tlsServer, "postgres", "--ssl-mode=verify-full", root),
                3,
                "certificate",
                "127.0.0.1",
                "ssl_mode (now verify-full)");
        requireFailure(Program.stream(tlsServer, "postgres", "--ssl-mode=verify-ca", root), 4, "wal_level");
    }

    @Test
    void endsWithThreeWhenTheDatabaseLetsNobodyIn() {
        server.createDatabase("forbidden").createDatabase("shut");
        server.execute(
                "CREATE ROLE guest LOGIN",
                "REVOKE CONNECT ON DATABASE forbidden FROM PUBLIC",
                "ALTER DATABASE shut ALLOW_CONNECTIONS false");
        requireFailure(
                streamAs("guest", "forbidden"),
                3,
                "permission denied for database \"forbidden\"",
                "GRANT CONNECT ON DATABASE \"forbidden\" TO \"guest\"");
        requireFailure(Program.stream(server, "shut"), 3, "database \"shut\" is not currently accepting connections");
    }

    @Test
    void looksForCertificatesAndThePasswordFileInTheSameHome() throws Exception {
        Path certificates = Files.createDirectories(directory.resolve(".postgresql"));
        Files.copy(TlsFiles.shared().rootCertificate(), certificates.resolve("root.crt"));
        Files.createFile(
                directory.resolve(".pgpass"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
        requireFailure(
                Program.stream(tlsServer, "postgres", "--ssl-mode=verify-ca").environment("HOME", directory.toString()),
                3,
                "a root certificate in " + certificates.resolve("root.crt"));
        requireFailure(
                streamAs("scram_user", "postgres").environment("HOME", directory.toString()),
                3,
                "password file \"" + directory.resolve(".pgpass") + "\" has group or world access");
    }

    @Test
    void logsInUtf8WhateverTheLocale() throws Exception {
        Path file = directory.resolve("f.yaml");
        Files.writeString(file, "sources: [{id: söhne, auto_start: false}, {id: a, host: 127.0.0.1, port: 1}]\n");
        requireFailure(
                Program.of(List.of("-Dfile.encoding=ISO-8859-1"), "stream", "--config=" + file),
                3,
                "söhne is not started");
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
        requireFailure(
                Program.stream(server, "unset", "--tables=t,missing"),
                4,
                "tables: there is no table missing in the database",
                "Names are given as PostgreSQL stores them");
        requireFailure(
                Program.stream(tlsServer, "postgres"),
                4,
                "wal_level of the server is replica, but logical decoding needs wal_level = logical",
                "ALTER SYSTEM SET wal_level = logical; and restart the server.");
    }

    @Test
    void endsWithFourWhenThereIsNoFreeSlot() {
        published("crowded");
        String fill = "SELECT pg_create_physical_replication_slot('full_' || i) FROM generate_series(1,"
                + " current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM pg_replication_slots)) AS i";
        server.execute(fill);
        try {
            requireFailure(
                    Program.stream(server, "crowded", "--slot-name=crowded"),
                    4,
                    "all replication slots are in use",
                    "max_replication_slots");
        } finally {
            server.execute(
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'full%'");
        }
    }

    @Test
    void endsWithFourWhenTheSlotIsNotOurs() {
        Database database = published("slots");
        published("elsewhere").execute("SELECT pg_create_logical_replication_slot('elsewhere', 'pgoutput')");
        database.execute("SELECT pg_create_logical_replication_slot('decoding', 'test_decoding')");
        requireFailure(
                Program.stream(server, "slots", "--slot-name=elsewhere"),
                4,
                "replication slot \"elsewhere\" belongs to database elsewhere");
        requireFailure(
                Program.stream(server, "slots", "--slot-name=decoding"),
                4,
                "replication slot \"decoding\" uses the plugin test_decoding instead of pgoutput");
        try (Proc holder = Program.stream(server, "slots", "--slot-name=held").start()) {
            holder.awaitLine("bootstrap", Program.PATIENCE, line -> line.contains("bootstrap-completed"));
            requireFailure(
                    Program.stream(server, "slots", "--slot-name=held", "--no-loop"),
                    4,
                    "replication slot \"held\" is held by another process",
                    "slot_name");
            holder.interrupt();
            holder.await(Program.PATIENCE).requireSuccess();
        }
    }

    @Test
    void endsWithFourWhenRowSecurityHidesRows() {
        published("policies").execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
        server.execute("CREATE ROLE restricted LOGIN REPLICATION");
        server.database("policies").execute("GRANT SELECT ON t TO restricted");
        requireFailure(
                streamAs("restricted", "policies", "--slot-name=policies"),
                4,
                "row-level security of table t hides rows from role restricted",
                "ALTER ROLE \"restricted\" BYPASSRLS;");
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
        Database database = published("noloop");
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
            assertThat(once.await(Program.PATIENCE).exitCode()).isEqualTo(3);
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
