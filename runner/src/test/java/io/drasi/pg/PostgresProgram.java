// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** PostgreSQL's client programs, as the system has them: the testkit's servers come without. */
final class PostgresProgram {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");

    private PostgresProgram() {}

    /** Runs an SQL script by psql, which ends at the first error. */
    static void psql(PostgresServer server, String database, String script) {
        List<String> command = command("psql", server);
        command.addAll(List.of("-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", database));
        Proc.of(command).run(script, PATIENCE).requireSuccess();
    }

    static Proc.Builder pgbench(PostgresServer server, String database, String... arguments) {
        List<String> command = command("pgbench", server);
        command.addAll(List.of(arguments));
        command.add(database);
        return Proc.of(command);
    }

    private static List<String> command(String name, PostgresServer server) {
        List<String> command = new ArrayList<>();
        command.add(find(name).toString());
        command.addAll(List.of("-h", server.host(), "-p", Integer.toString(server.port()), "-U", server.superuser()));
        return command;
    }

    /** Debian's wrappers on the PATH exist even where the programs do not. */
    private static Path find(String name) {
        return Stream.concat(ofDebian(name), onPath(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is neither in " + DEBIAN + "/*/bin nor on the PATH;"
                        + " Debian has it in postgresql-client and postgresql-contrib, and .ci/run installs them"));
    }

    private static Stream<Path> ofDebian(String name) {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(DEBIAN)) {
            try (DirectoryStream<Path> versions = Files.newDirectoryStream(DEBIAN)) {
                versions.forEach(version -> found.add(version.resolve("bin").resolve(name)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return found.stream();
    }

    private static Stream<Path> onPath(String name) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name));
    }
}
