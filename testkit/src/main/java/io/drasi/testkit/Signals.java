// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Signals that Java cannot send, and process states that it cannot see. */
final class Signals {
    private Signals() {}

    /** Sends a signal by its short name. Processes that have ended are left in peace. */
    static void send(String signal, long pid) {
        send(signal, List.of(pid));
    }

    /** As {@link #send(String, long)}, to several at once. */
    static void send(String signal, Collection<Long> pids) {
        // The shell's built-in kill is there even where no program of that name is installed.
        List<String> command = new ArrayList<>(
                List.of("sh", "-c", "s=$1; shift; for p; do kill -\"$s\" \"$p\" 2>/dev/null; done; :", "sh", signal));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        Proc.of(command).run(Duration.ofSeconds(10)).requireSuccess();
    }

    /** Whether a process runs. One that has ended and that nobody has waited for yet (a zombie) doesn't. */
    static boolean alive(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            // "pid (name) state …", and the name may hold anything, even a closing bracket.
            char state = stat.charAt(stat.lastIndexOf(')') + 2);
            return state != 'Z' && state != 'X';
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            // A process that ends while its state is read: "No such process".
            if (ProcessHandle.of(pid).isEmpty()) {
                return false;
            }
            throw new UncheckedIOException(e);
        }
    }
}
