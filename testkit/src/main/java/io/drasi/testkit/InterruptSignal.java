// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A build that a shell runs in the background ignores SIGINT, and so would every program that it starts. */
final class InterruptSignal {
    private static final Path OWN_STATUS = Path.of("/proc/self/status");
    private static final String IGNORED_SIGNALS = "SigIgn:";
    private static final long SIGINT_BIT = 1L << 1;

    private InterruptSignal() {}

    /** Whether this process, and so its children, ignore SIGINT. */
    static boolean ignored() throws IOException {
        try (Stream<String> lines = Files.lines(OWN_STATUS)) {
            return lines.filter(line -> line.startsWith(IGNORED_SIGNALS))
                    .map(line -> line.substring(IGNORED_SIGNALS.length()).strip())
                    .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & SIGINT_BIT) != 0);
        }
    }

    /**
     * The command with SIGINT taken again.
     *
     * @throws IOException if there is no such program
     */
    static List<String> taken(List<String> command) throws IOException {
        requireProgram(command.get(0));
        List<String> wrapped = new ArrayList<>(List.of("/usr/bin/env", "--default-signal=INT"));
        wrapped.addAll(command);
        return wrapped;
    }

    private static void requireProgram(String name) throws IOException {
        String folders = name.contains("/") ? "" : System.getenv().getOrDefault("PATH", "");
        boolean found = Stream.of(folders.split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
        if (!found) {
            throw new IOException("no program " + name + " in the PATH");
        }
    }
}
