// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Await;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {
    @TempDir
    private Path directory;

    private Proc.Builder demo(String... arguments) {
        return Program.of(List.of("-Djava.io.tmpdir=" + directory), arguments);
    }

    private void requireNothingLeft() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            // The virtual machine's own file of counters goes with it.
            assertThat(files.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")))
                    .isEmpty();
        }
        Await.untilAsserted(
                "no process is left",
                () -> assertThat(ProcessHandle.allProcesses()
                                .map(process -> process.info().commandLine().orElse(""))
                                .filter(command -> command.contains(directory.toString())))
                        .isEmpty());
    }

    @Test
    void showsEveryKindOfChangeAndLeavesNothingBehind() throws Exception {
        Proc.Result result = demo("demo", "--for", "15s").run(Program.PATIENCE).requireSuccess();
        assertThat(result.stdout()).doesNotContain("\u001b");
        List<String> lines = result.stdoutLines();
        int end = lines.stream()
                .map(line -> line.startsWith("snapshot complete"))
                .toList()
                .indexOf(true);
        assertThat(lines.subList(0, end)).anyMatch(line -> line.startsWith("  + customers:1 "));
        List<String> changes = lines.subList(end + 1, lines.size()).stream()
                .filter(line -> line.startsWith("  "))
                .toList();
        assertThat(changes).hasSizeGreaterThanOrEqualTo(20);
        assertThat(changes).anyMatch(line -> line.startsWith("  + orders:"));
        assertThat(changes).anyMatch(line -> line.startsWith("  ~ products:") && line.contains(" → "));
        assertThat(changes).anyMatch(line -> line.startsWith("  - carts:"));
        assertThat(changes).anyMatch(line -> line.startsWith("  » products:") && line.contains("key changed, was"));
        assertThat(changes).anyMatch(line -> line.equals("  × truncate carts"));
        assertThat(changes).anyMatch(line -> line.startsWith("  + warehouse.deliveries:"));
        assertThat(changes).contains("    … and 99,980 more changes");
        requireNothingLeft();
    }

    @Test
    void leavesNothingBehindWhenItIsInterrupted() throws Exception {
        for (String signal : List.of("INT", "TERM")) {
            try (Proc demo = demo("demo", "--color=always").start()) {
                demo.awaitLine("transaction", Program.PATIENCE, line -> line.startsWith("\u001b[1;36mtransaction"));
                demo.signal(signal);
                demo.await(Program.PATIENCE).requireSuccess();
            }
            requireNothingLeft();
        }
    }

    @Test
    void leavesNothingBehindWhenItIsInterruptedWhileTheServerStarts() throws Exception {
        try (Proc demo = demo("demo").start()) {
            demo.awaitErrorLine("start", Program.PATIENCE, line -> line.startsWith("Starting"));
            demo.interrupt();
            demo.await(Program.PATIENCE).requireSuccess();
        }
        requireNothingLeft();
    }

    /** It logs the first signal, so that the second is sent while it is still ending in order. */
    private void interruptTwice(Proc demo) throws IOException {
        demo.interrupt();
        demo.awaitErrorLine("end in order", Program.PATIENCE, line -> line.contains("ending in order"));
        demo.interrupt();
        assertThat(demo.await(Program.PATIENCE).exitCode()).isEqualTo(130);
        requireNothingLeft();
    }

    private boolean dataDirectoryExists() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> Files.isDirectory(file.resolve("data/base")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void leavesNothingBehindWhenItIsInterruptedTwice() throws Exception {
        try (Proc demo = demo("demo", "--verbose").start()) {
            demo.awaitLine("transaction", Program.PATIENCE, line -> line.startsWith("transaction"));
            interruptTwice(demo);
        }
    }

    @Test
    void leavesNothingBehindWhenItIsInterruptedTwiceWhileTheServerStarts() throws Exception {
        try (Proc demo = demo("demo", "--verbose").start()) {
            Await.until("the data directory is being made", Program.PATIENCE, this::dataDirectoryExists);
            interruptTwice(demo);
        }
    }

    @Test
    void leavesNothingBehindWhenItsReaderGoesAway() throws Exception {
        // Where the system has German messages, this user gets them.
        Proc.Result result = demo("demo")
                .closeStdoutAfter(30)
                .environment("LC_ALL", "C.UTF-8")
                .environment("LANGUAGE", "de")
                .run(Program.PATIENCE);
        assertThat(result.exitCode()).as(result.stderr()).isEqualTo(141);
        requireNothingLeft();
    }
}
