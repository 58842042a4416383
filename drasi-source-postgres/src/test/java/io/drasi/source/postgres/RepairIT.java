// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What an operator breaks while a source streams, and that it goes on without a loss once that is repaired. */
class RepairIT {
    private static final String OLD = "old 'secret'";
    private static final String NEW = "new \"secret\"";

    @Test
    void asksForThePasswordAgainWhenThatWasRotated() {
        try (PostgresServer server = withPasswords();
                SourceFixture fixture = withRole(server)) {
            AtomicReference<String> password = new AtomicReference<>(OLD);
            Recorder recorder = fixture.stream(fixture.builder()
                    .withUser("app")
                    .withPasswordSupplier(() -> Optional.of(password.get().toCharArray())));
            fixture.execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            server.execute("ALTER ROLE app PASSWORD '" + NEW + "'");
            password.set(NEW);
            endSessions(fixture);
            fixture.execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    @Test
    void stopsWhenThePasswordIsTheOldOneAndGoesOnWithTheNewOne() {
        try (PostgresServer server = withPasswords();
                SourceFixture fixture = withRole(server)) {
            AtomicReference<String> password = new AtomicReference<>(OLD);
            Recorder recorder = fixture.stream(fixture.builder()
                    .withUser("app")
                    .withPasswordSupplier(() -> Optional.of(password.get().toCharArray())));
            server.execute("ALTER ROLE app PASSWORD '" + NEW + "'");
            endSessions(fixture);
            String message = awaitError(recorder.source());
            assertThat(message)
                    .contains("password authentication failed for user \"app\"")
                    .doesNotContain("secret");
            fixture.execute("INSERT INTO t VALUES (1)");
            password.set(NEW);
            assertGoesOn(fixture, recorder);
        }
    }

    @SomeVersion
    void stopsWhenTheRoleMayNotReplicateAnyMoreAndGoesOnWhenItMay(int version) {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = withRole(server)) {
            Recorder recorder = fixture.stream(fixture.builder().withUser("app"));
            server.execute("ALTER ROLE app NOREPLICATION");
            endSessions(fixture);
            assertThat(awaitError(recorder.source())).contains("ALTER ROLE \"app\" WITH REPLICATION;");
            fixture.execute("INSERT INTO t VALUES (1)");
            server.execute("ALTER ROLE app WITH REPLICATION");
            assertGoesOn(fixture, recorder);
        }
    }

    /** The server ends, and starts again when there is room: the source needs nobody for that. */
    @Test
    void goesOnByItselfAfterTheDiskOfTheServerWasFull() throws Exception {
        try (SmallDisk disk = SmallDisk.mount()) {
            try (PostgresServer server = PostgresServer.builder(18)
                            .setting("max_wal_size", "32MB")
                            .setting("min_wal_size", "32MB")
                            .setting("wal_recycle", "off")
                            .start();
                    SourceFixture fixture = withRole(server)) {
                server.stopFast();
                disk.take(server.dataDirectory().resolve("pg_wal"));
                server.start();
                Recorder recorder = fixture.stream();
                fixture.execute("INSERT INTO t VALUES (1)");
                assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
                disk.fill();
                Await.until("the server has no room left", () -> {
                    try {
                        server.execute("INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 10000)");
                        return false;
                    } catch (IllegalStateException e) {
                        return true;
                    }
                });
                Await.until(
                        "the source tries again",
                        () -> recorder.source().status().status() == ComponentStatus.STARTING);
                disk.free();
                if (server.running()) {
                    server.kill();
                }
                server.start();
                fixture.execute("INSERT INTO t VALUES (2)");
                assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            }
        }
    }

    private static PostgresServer withPasswords() {
        return PostgresServer.builder(18)
                .setting("password_encryption", "scram-sha-256")
                .hba("host all app all scram-sha-256", "host all all all trust", "local all all trust")
                .start();
    }

    private static SourceFixture withRole(PostgresServer server) {
        server.execute("CREATE ROLE app LOGIN REPLICATION PASSWORD '" + OLD.replace("'", "''") + "'");
        SourceFixture fixture = SourceFixture.on(server);
        fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "GRANT SELECT ON t TO app");
        server.execute("CREATE TABLE filler (text text)");
        fixture.publishAllTables();
        return fixture;
    }

    private static void endSessions(SourceFixture fixture) {
        fixture.server()
                .query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drasi source'");
    }

    private static String awaitError(PostgresReplicationSource source) {
        Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
        StatusChange status = source.status();
        assertThat(status.cause()).containsInstanceOf(SetupException.class);
        return status.message().orElse("");
    }

    /** One was inserted meanwhile. */
    private static void assertGoesOn(SourceFixture fixture, Recorder recorder) {
        Recorder next = fixture.start(recorder.source());
        assertThat(next.changes()).containsExactly("insert t:1 {id=1}");
        fixture.execute("INSERT INTO t VALUES (2)");
        assertThat(next.changes()).containsExactly("insert t:2 {id=2}");
        assertThat(recorder.events()).noneMatch(SourceEvent.Transaction.class::isInstance);
    }

    /** A file system of 64 MiB, which root can make. */
    private static final class SmallDisk implements AutoCloseable {
        private final Path directory;

        private SmallDisk(Path directory) {
            this.directory = directory;
        }

        static SmallDisk mount() throws IOException, InterruptedException {
            Path directory = Files.createTempDirectory("drasi-small-disk");
            boolean mounted = run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", directory.toString()) == 0;
            if (!mounted) {
                Files.delete(directory);
            }
            assumeTrue(mounted, "no right to mount a small file system");
            return new SmallDisk(directory);
        }

        private static int run(String... command) throws IOException, InterruptedException {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }

        /** Moves a directory here, and leaves a link to it. */
        void take(Path moved) throws IOException, InterruptedException {
            Path target = directory.resolve("moved");
            assertThat(run("cp", "-a", moved.toString(), target.toString())).isZero();
            try (Stream<Path> content = Files.walk(moved)) {
                for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
            Files.createSymbolicLink(moved, target);
        }

        /** All but a little. */
        void fill() throws IOException {
            long room = directory.toFile().getUsableSpace() - 1024 * 1024;
            Files.write(directory.resolve("filler"), new byte[(int) Math.max(0, room)]);
        }

        void free() throws IOException {
            Files.delete(directory.resolve("filler"));
        }

        @Override
        public void close() throws Exception {
            assertThat(List.of(run("umount", "-l", directory.toString()))).containsExactly(0);
            Files.delete(directory);
        }
    }
}
