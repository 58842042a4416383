// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PostgresServerIT {
    static List<PostgresVersion> versions() {
        return PostgresVersion.available();
    }

    @ParameterizedTest
    @MethodSource("versions")
    void startsTheVersionThatWasAskedFor(PostgresVersion version) {
        try (PostgresServer server = PostgresServer.builder(version).start()) {
            assertThat(server.queryOne("SHOW server_version")).isEqualTo(version.release());
            assertThat(server.queryOne("SHOW wal_level")).isEqualTo("logical");
            assertThat(server.queryOne("SHOW server_encoding")).isEqualTo("UTF8");
            assertThat(server.queryOne("SELECT current_user")).isEqualTo("postgres");
        }
    }

    /** The unpacked archives have the layout of an installation. */
    @ParameterizedTest
    @MethodSource("versions")
    void startsWhatIsInstalledOnTheHost(PostgresVersion version) {
        Path directory =
                Installation.of(version).program("postgres").getParent().getParent();
        PostgresVersion installed = PostgresVersion.installed(directory).orElseThrow();
        assertThat(installed).isEqualTo(new PostgresVersion(version.major(), version.release(), directory));
        try (PostgresServer server = PostgresServer.builder(installed).start()) {
            assertThat(server.queryOne("SHOW server_version")).isEqualTo(version.release());
            assertThat(ProcessHandle.of(server.postmasterPid())
                            .flatMap(process -> process.info().command()))
                    .contains(directory.resolve("bin/postgres").toString());
        }
    }

    @Test
    void findsNothingInstalledInADirectoryWithoutAServer(@TempDir Path directory) {
        assertThat(PostgresVersion.installed(directory)).isEmpty();
        assertThat(PostgresVersion.installed(directory.resolve("missing"))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("versions")
    void leavesNothingBehindAfterClose(PostgresVersion version) {
        PostgresServer server = PostgresServer.builder(version).start();
        long pid = server.postmasterPid();
        server.close();
        assertThat(Signals.alive(pid)).isFalse();
        assertThat(server.running()).isFalse();
        assertThat(server.dataDirectory().getParent()).doesNotExist();
    }

    @ParameterizedTest
    @MethodSource("versions")
    void leavesNoSharedMemoryBehindAfterAKill(PostgresVersion version) throws IOException {
        try (PostgresServer server = PostgresServer.builder(version).start()) {
            String keyAndId = Files.readAllLines(server.dataDirectory().resolve("postmaster.pid"))
                    .get(6)
                    .strip();
            String segment = keyAndId.split("\\s+", -1)[1];
            server.kill();
            assertThat(sharedMemorySegments()).contains(segment);
            server.close();
            assertThat(sharedMemorySegments()).doesNotContain(segment);
        }
    }

    private static List<String> sharedMemorySegments() throws IOException {
        return Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
                .map(line -> line.strip().split("\\s+", -1)[1])
                .toList();
    }

    @ParameterizedTest
    @MethodSource("versions")
    void keepsCommittedRowsThroughAKillAndTwoWaysOfStopping(PostgresVersion version) {
        try (PostgresServer server = PostgresServer.builder(version).start()) {
            int port = server.port();
            server.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)");
            long killed = server.postmasterPid();
            server.kill();
            assertThat(server.running()).isFalse();
            server.start();
            assertThat(server.postmasterPid()).isNotEqualTo(killed);
            server.execute("INSERT INTO t VALUES (2)");
            server.stopImmediate();
            server.start();
            server.execute("INSERT INTO t VALUES (3)");
            server.restart();
            assertThat(server.queryOne("SELECT array_agg(n) FROM t")).isEqualTo("{1,2,3}");
            assertThat(server.port()).isEqualTo(port);
        }
    }

    @Test
    void tellsHowLongAFastStopTook() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            assertThat(server.stopFast()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(60));
            assertThat(server.running()).isFalse();
            assertThatThrownBy(server::stopFast).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void listensOnAUnixSocketWithAShortPath() throws Exception {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            Path socket = Path.of(server.socketDirectory(), ".s.PGSQL." + server.port());
            assertThat(socket.toString().length()).isLessThan(60);
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                assertThat(channel.isConnected()).isTrue();
            }
        }
    }

    @Test
    void takesSettingsHostLinesAndInitdbArguments() throws SQLException {
        try (PostgresServer server = PostgresServer.builder(PostgresVersion.newest())
                .setting("max_wal_senders", "3")
                .setting("cluster_name", "it's \\ here")
                .hba("host all bob 127.0.0.1/32 scram-sha-256")
                .initdbArgs("--data-checksums")
                .start()) {
            server.execute("SET password_encryption = 'scram-sha-256'; CREATE ROLE bob LOGIN PASSWORD 'b o''b'");
            assertThat(server.queryOne("SHOW max_wal_senders")).isEqualTo("3");
            assertThat(server.queryOne("SHOW cluster_name")).isEqualTo("it's \\ here");
            assertThat(server.queryOne("SHOW data_checksums")).isEqualTo("on");
            server.connect("postgres", "bob", "b o'b").close();
            assertThatThrownBy(() -> server.connect("postgres", "bob", "wrong"))
                    .hasMessageContaining("password authentication failed");
            assertThatThrownBy(() -> server.connect("postgres", "postgres", ""))
                    .hasMessageContaining("no pg_hba.conf entry");
        }
    }

    @Test
    void runsEachScriptAsInASessionOfItsOwn() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            server.execute("SET work_mem = '77kB'; CREATE TEMP TABLE here AS SELECT 1; SET ROLE pg_monitor");
            assertThat(server.queryOne("SHOW work_mem")).isNotEqualTo("77kB");
            assertThat(server.queryOne("SELECT current_user")).isEqualTo("postgres");
            assertThat(server.query("SELECT to_regclass('here')")).containsExactly(List.of(Database.NULL_TEXT));
            server.execute("BEGIN; CREATE TABLE left_open AS SELECT 1");
            assertThat(server.query("SELECT to_regclass('left_open')")).containsExactly(List.of(Database.NULL_TEXT));
            server.execute("ALTER DATABASE postgres SET work_mem = '88kB'");
            assertThat(server.queryOne("SHOW work_mem")).isEqualTo("88kB");
            String pid = server.queryOne("SELECT pg_backend_pid()");
            assertThat(server.queryOne("SELECT pg_backend_pid()"))
                    .as("one that stands by")
                    .isEqualTo(pid);
            server.restart();
            assertThat(server.queryOne("SELECT pg_backend_pid()")).isNotEqualTo(pid);
            server.execute("CREATE DATABASE other");
            server.database("other").execute("CREATE TABLE t AS SELECT 1");
            server.database("other").disconnect();
            server.execute("DROP DATABASE other");
        }
    }

    @Test
    void appliesChangedConfigurationAtReload() throws SQLException {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.oldest()).start()) {
            server.setConfig("wal_sender_timeout", "1234");
            server.setHba("host all all 127.0.0.1/32 reject");
            server.reload();
            assertThat(server.queryOne("SHOW wal_sender_timeout")).isEqualTo("1234ms");
            assertThatThrownBy(() -> server.connect("postgres", "postgres", "")).hasMessageContaining("rejects");
        }
    }

    @Test
    void keepsStatementsOfAScriptApartUnlessItSaysBegin() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            server.execute(
                    "CREATE TABLE t (n int); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)",
                    "BEGIN; INSERT INTO t VALUES (3); INSERT INTO t VALUES (4); COMMIT");
            assertThat(server.query("SELECT count(*) FROM t GROUP BY xmin::text ORDER BY min(n)"))
                    .containsExactly(List.of("1"), List.of("1"), List.of("2"));
            assertThat(server.queryOne("SELECT NULL")).isEqualTo(Database.NULL_TEXT);
            assertThatThrownBy(() -> server.execute("SELEC 1"))
                    .hasMessageContaining("42601")
                    .hasMessageContaining("SELEC 1");
        }
    }

    @Test
    void opensDatabasesWithAnyName() throws SQLException {
        String name = "Größe \"2\" & 50% / x?";
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            Database database = server.createDatabase(name).database(name);
            database.execute("CREATE TABLE only_here (n int)");
            assertThat(database.queryOne("SELECT current_database()")).isEqualTo(name);
            try (Connection connection = server.connect(name);
                    Statement statement = connection.createStatement()) {
                statement.execute("INSERT INTO only_here VALUES (7)");
            }
            assertThat(database.queryOne("SELECT n FROM only_here")).isEqualTo("7");
        }
    }

    @Test
    void startsOnAPortOfTheTestsChoice() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            PostgresServer.Builder builder =
                    PostgresServer.builder(PostgresVersion.newest()).setting("port", port);
            assertThatThrownBy(builder::start).hasMessageContaining("Address already in use");
            taken.close();
            try (PostgresServer server = builder.start()) {
                assertThat(server.queryOne("SHOW port")).isEqualTo(port);
            }
        }
    }

    @Test
    void goesSilentWhilePaused() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            server.pause();
            Await.until(
                    "the postmaster is stopped",
                    () -> state(server.postmasterPid()).equals("T"));
            server.resume();
            assertThat(server.queryOne("SELECT 1")).isEqualTo("1");
            server.pause();
        }
    }

    private static String state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void showsTheLogWhenTheServerDoesNotStart() {
        PostgresServer.Builder builder =
                PostgresServer.builder(PostgresVersion.newest()).setting("shared_buffers", "nonsense");
        assertThatThrownBy(builder::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shared_buffers");
    }
}
