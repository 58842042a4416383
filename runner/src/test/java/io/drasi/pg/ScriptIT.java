// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Proc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script at the root of the repository, on a copy that takes the packaged program as it is. */
class ScriptIT {
    @TempDir
    private Path directory;

    private Path script;
    private Path target;

    @BeforeEach
    void copy() throws IOException {
        Path module = Path.of("").toAbsolutePath();
        Path root = Files.createDirectories(directory.resolve("the clone"));
        script = Files.copy(module.resolveSibling("drasi-pg"), root.resolve("drasi-pg"));
        target = Files.createDirectories(root.resolve("runner/target"));
        Files.createSymbolicLink(target.resolve("drasi-pg.jar"), module.resolve("target/drasi-pg.jar"));
        Files.createSymbolicLink(target.resolve("lib"), module.resolve("target/lib"));
        Files.createFile(target.resolve("drasi-pg.built"));
    }

    /** JUnit would warn of each. */
    @AfterEach
    void removeSymbolicLinks() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    private static Proc.Builder run(Path program, String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = program.toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return Proc.of(command).environment("JAVA_HOME", System.getProperty("java.home"));
    }

    /** An executable file that prints {@code text}. */
    private Path program(String path, String text) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\necho '" + text + "'\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    void runsFromAnyDirectoryAndThroughSymbolicLinks() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), script);
        Path second = Files.createSymbolicLink(directory.resolve("second"), Path.of("link"));
        for (Path program : new Path[] {script, link, second}) {
            Proc.Result result = run(program, "--version")
                    .directory(directory)
                    .run(Program.PATIENCE)
                    .requireSuccess();
            assertThat(result.stdout()).startsWith("drasi-pg 0.");
            assertThat(result.stderr()).isEmpty();
        }
    }

    @Test
    void passesArgumentsAndExitCodeOn() {
        Proc.Result result = run(script, "stream", "--slot-name", "a b").run(Program.PATIENCE);
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.stderr()).contains("'a b'");
    }

    @Test
    void understandsArgumentsThatAreNotAsciiAlsoWithoutALocale() throws IOException {
        // Written by a shell script: this virtual machine may not be able to pass them on itself.
        Path caller = directory.resolve("caller");
        Files.writeString(caller, "#!/bin/sh\nexec '" + script + "' stream --table-key 'gr\u00f6\u00dfe'\n");
        Files.setPosixFilePermissions(caller, PosixFilePermissions.fromString("rwxr-xr-x"));
        Proc.Result result = run(caller)
                .unsetEnvironment(name -> name.startsWith("LC_") || name.equals("LANG"))
                .run(Program.PATIENCE);
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.stderr()).contains("'gr\u00f6\u00dfe'");
    }

    @Test
    void endsInOrderAlsoAsTheBackgroundJobOfAScript() throws IOException {
        Path caller = directory.resolve("caller");
        Files.writeString(
                caller,
                "#!/bin/bash\n'" + script + "' demo >out 2>err &\n"
                        + "until grep -q transaction out; do kill -0 $! || exit 9; sleep 0.1; done\n"
                        + "kill -INT $!\nwait $!\n");
        Files.setPosixFilePermissions(caller, PosixFilePermissions.fromString("rwxr-xr-x"));
        run(caller).directory(directory).run(Program.PATIENCE).requireSuccess();
    }

    @Test
    void buildsWhenSourcesAreNewerAndOnlyThen() throws IOException {
        program("bin/mvn", "built");
        Path sources = Files.createDirectories(directory.resolve("the clone/drasi-model/src/main/java"));
        Path pom = Files.createFile(directory.resolve("the clone/pom.xml"));
        Files.setLastModifiedTime(pom, Files.getLastModifiedTime(target.resolve("drasi-pg.jar")));
        Files.delete(target.resolve("drasi-pg.built"));
        Files.createFile(sources.resolve("A.java"));
        Proc.Builder program =
                run(script, "--version").environment("PATH", directory.resolve("bin") + ":" + System.getenv("PATH"));
        Proc.Result first = program.run(Program.PATIENCE).requireSuccess();
        assertThat(first.stderr()).contains("building", "built");
        assertThat(first.stdout()).startsWith("drasi-pg 0.").doesNotContain("built");
        assertThat(program.run(Program.PATIENCE).requireSuccess().stderr()).isEmpty();
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        Files.delete(target.resolve("drasi-pg.built"));
        Path tools = Files.createDirectories(directory.resolve("tools"));
        for (String tool : new String[] {
            "bash", "env", "dirname", "readlink", "sed", "find", "head", "touch", "mkdir", "mv", "flock"
        }) {
            Path real = Path.of("/usr/bin", tool);
            if (Files.exists(real)) {
                Files.createSymbolicLink(tools.resolve(tool), real);
            }
        }
        Proc.Result noMaven =
                run(script, "--version").environment("PATH", tools.toString()).run(Program.PATIENCE);
        assertThat(noMaven.exitCode()).isEqualTo(1);
        assertThat(noMaven.stderr()).contains("mvn not found", "3.8.7");

        program("old/bin/java", "    java.specification.version = 11");
        Proc.Result oldJava = run(script, "--version")
                .environment("JAVA_HOME", directory.resolve("old").toString())
                .run(Program.PATIENCE);
        assertThat(oldJava.exitCode()).isEqualTo(1);
        assertThat(oldJava.stderr()).contains("is Java 11; 17 or later is needed");

        Proc.Result noJava = Proc.of(script.toString(), "--version")
                .unsetEnvironment("JAVA_HOME"::equals)
                .environment("PATH", tools.toString())
                .run(Program.PATIENCE);
        assertThat(noJava.exitCode()).isEqualTo(1);
        assertThat(noJava.stderr()).contains("no java found");
    }
}
