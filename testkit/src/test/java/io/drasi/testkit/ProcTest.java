// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @Test
    void collectsBothOutputsAndTheExitCode() {
        Proc.Result result = Proc.of("sh", "-c", "cat; echo no >&2; exit 3").run("yes\n", TIMEOUT);
        assertThat(result).isEqualTo(new Proc.Result(3, "yes\n", "no\n"));
        assertThatThrownBy(result::requireSuccess).hasMessageContaining("yes").hasMessageContaining("no");
    }

    @Test
    void setsAndUnsetsTheEnvironment() {
        Proc.Result result = Proc.of("sh", "-c", "echo $A${PATH-gone}")
                .environment("A", "1")
                .unsetEnvironment("PATH"::equals)
                .run(TIMEOUT);
        assertThat(result.stdoutLines()).singleElement().asString().startsWith("1");
    }

    @Test
    void showsOutputWhileTheProgramRunsAndSendsItSignals() {
        String script = "trap 'echo int' INT; trap 'echo term; exit 5' TERM; echo ready; while :; do read x || :; done";
        try (Proc proc = Proc.of("sh", "-c", script).start()) {
            proc.awaitLine("the first line", TIMEOUT, "ready"::equals);
            proc.interrupt();
            proc.awaitLine("the answer to SIGINT", TIMEOUT, "int"::equals);
            assertThat(proc.running()).isTrue();
            proc.terminate();
            assertThat(proc.await(TIMEOUT).exitCode()).isEqualTo(5);
        }
    }

    @Test
    void waitsForWholeLines() {
        try (Proc proc = Proc.of("sh", "-c", "echo zero; printf on; read x; echo e; read x; printf 'two ü'")
                .start()) {
            proc.awaitLine("the line before", TIMEOUT, "zero"::equals);
            Await.until("half a line", () -> proc.stdout().equals("zero\non"));
            proc.write("\n");
            assertThat(proc.awaitLine("the line", TIMEOUT, line -> line.startsWith("on")))
                    .isEqualTo("one");
            proc.write("\n");
            assertThat(proc.awaitLine("the last line", TIMEOUT, line -> line.startsWith("two")))
                    .as("at the end of the output")
                    .isEqualTo("two ü");
            assertThatThrownBy(() -> proc.awaitLine("another line", TIMEOUT, "on"::equals))
                    .hasMessageContaining("no another line")
                    .hasMessageContaining("two ü");
        }
    }

    /** Who sees the last line can rely on it that the program can write no more. */
    @Test
    void hasClosedThePipeBeforeItShowsTheLastLine() {
        for (int round = 0; round < 20; round++) {
            try (Proc proc = Proc.of("sh", "-c", "echo line; read x; trap '' PIPE; echo more && echo written >&2")
                    .closeStdoutAfter(1)
                    .start()) {
                Await.until("the line", () -> proc.stdout().equals("line\n"));
                proc.write("\n");
                assertThat(proc.await(TIMEOUT).stderr()).doesNotContain("written");
            }
        }
    }

    @Test
    void closesStandardOutputAfterSomeLines() {
        try (Proc proc = Proc.of("sh", "-c", "i=0; while echo $i; do i=$((i+1)); done; exit 7")
                .closeStdoutAfter(2)
                .start()) {
            Proc.Result result = proc.await(TIMEOUT);
            assertThat(result.stdoutLines()).containsExactly("0", "1");
            // 7 where the JVM ignores SIGPIPE for its children, else 128 + SIGPIPE.
            assertThat(result.exitCode()).isIn(7, 141);
        }
    }

    @Test
    void killsAProgramThatDoesNotEndInTime() {
        try (Proc proc = Proc.of("sh", "-c", "echo here; exec sleep 1000").start()) {
            proc.awaitLine("a line", TIMEOUT, "here"::equals);
            assertThatThrownBy(() -> proc.await(Duration.ofMillis(10)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("here");
            assertThat(proc.await(TIMEOUT).exitCode()).isEqualTo(137);
        }
    }

    @Test
    void readsWhatAKilledProgramHasWritten(@TempDir Path directory) throws IOException {
        Path written = directory.resolve("written");
        int block = 50_000; // a pipe holds more
        String script = "i=0; while :; do yes | head -c " + block + "; i=$((i+1)); echo $i > \"$0\"; done";
        for (int round = 0; round < 10; round++) {
            try (Proc proc = Proc.of("sh", "-c", script, written.toString()).start()) {
                Await.until("blocks are written", () -> proc.stdout().length() > 5 * block);
                proc.kill();
                Proc.Result result = proc.await(TIMEOUT);
                assertThat(result.exitCode()).isEqualTo(137);
                // Empty if it was killed between opening the file and writing to it.
                for (String blocks : Files.readAllLines(written)) {
                    assertThat(result.stdout().length()).isGreaterThanOrEqualTo(Integer.parseInt(blocks) * block);
                }
            }
        }
    }

    @Test
    void runsAMainClassOfTheTestClassPath() {
        Proc.Result result = Proc.java(Echo.class.getName(), "a b", "ü").run(TIMEOUT);
        assertThat(result.requireSuccess().stdoutLines()).containsExactly("a b", "2");
    }

    static final class Echo {
        private Echo() {}

        public static void main(String[] arguments) {
            System.out.println(arguments[0]);
            System.out.println(arguments.length);
        }
    }

    @Test
    void namesAProgramThatIsNotThere() {
        assertThatThrownBy(() -> Proc.of("no-such-program").start()).hasMessageContaining("no-such-program");
    }
}
