// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A program that a test runs: its output is collected while it runs, and it can be sent signals. Thread-safe.
 *
 * <p>{@link #close()} kills the program if it still runs, so a failing test leaves none behind.
 */
public final class Proc implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String name;
    private final Process process;
    private final Output stdout;
    private final Output stderr;

    private Proc(Builder builder) {
        name = String.join(" ", builder.command);
        ProcessBuilder processBuilder = new ProcessBuilder(builder.command);
        processBuilder.environment().keySet().removeIf(builder.unset);
        processBuilder.environment().putAll(builder.environment);
        if (!builder.directory.toString().isEmpty()) {
            processBuilder.directory(builder.directory.toFile());
        }
        try {
            if (InterruptSignal.ignored()) {
                processBuilder.command(InterruptSignal.taken(builder.command));
            }
            process = processBuilder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + name, e);
        }
        stdout = new Output("stdout of " + name, process.getInputStream(), builder.stdoutLines);
        stderr = new Output("stderr of " + name, process.getErrorStream(), Long.MAX_VALUE);
    }

    /** A program of the system or a path, with its arguments; no shell in between. */
    public static Builder of(String... command) {
        return new Builder(List.of(command));
    }

    /** A program of the system or a path, with its arguments; no shell in between. */
    public static Builder of(List<String> command) {
        return new Builder(command);
    }

    /** A main class run by the JDK and with the class path of this JVM. */
    public static Builder java(String mainClass, String... arguments) {
        return java(List.of(), mainClass, arguments);
    }

    /**
     * A main class run by the JDK and with the class path of this JVM.
     *
     * @param options of the JVM itself, e.g. {@code -Xmx64m}
     */
    public static Builder java(List<String> options, String mainClass, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(mainClass);
        command.addAll(List.of(arguments));
        return new Builder(command);
    }

    /** How a program ended: {@code 128 + n} as the exit code if signal number n ended it. */
    public record Result(int exitCode, String stdout, String stderr) {
        public List<String> stdoutLines() {
            return stdout.lines().toList();
        }

        /**
         * Returns this result if the program ended as it should.
         *
         * @throws AssertionError with both outputs if the exit code is not 0
         */
        public Result requireSuccess() {
            if (exitCode != 0) {
                throw new AssertionError("exit code " + exitCode + outputs(stdout, stderr));
            }
            return this;
        }
    }

    /** What to run. Not thread-safe. */
    public static final class Builder {
        private static final long ULIMIT_UNIT = 1024;

        private List<String> command;
        private final Map<String, String> environment = new TreeMap<>();
        private Predicate<String> unset = name -> false;
        private Path directory = Path.of("");
        private long stdoutLines = Long.MAX_VALUE;

        private Builder(List<String> command) {
            this.command = List.copyOf(command);
        }

        /** Adds to the environment that is inherited from this JVM, or replaces a part of it. */
        public Builder environment(String name, String value) {
            environment.put(name, value);
            return this;
        }

        /** Takes the variables with such names out of the inherited environment. */
        public Builder unsetEnvironment(Predicate<String> names) {
            unset = unset.or(names);
            return this;
        }

        public Builder directory(Path workingDirectory) {
            directory = workingDirectory;
            return this;
        }

        /** Reads this many lines of standard output and then closes the pipe, as {@code head -n} does. */
        public Builder closeStdoutAfter(long lines) {
            stdoutLines = lines;
            return this;
        }

        /** A file that it writes can't become larger, as if the disk were full. */
        public Builder largestFile(long bytes) {
            List<String> limited = new ArrayList<>(List.of(
                    "bash", "-c", "ulimit -f " + bytes / ULIMIT_UNIT + " && exec \"$0\" \"$@\""));
            limited.addAll(command);
            command = List.copyOf(limited);
            return this;
        }

        public Proc start() {
            return new Proc(this);
        }

        /** Starts it with nothing on its standard input and waits for its end. */
        public Result run(Duration timeout) {
            return run("", timeout);
        }

        /** Starts it with {@code stdin} as all of its standard input and waits for its end. */
        public Result run(String stdin, Duration timeout) {
            try (Proc proc = start()) {
                proc.write(stdin);
                proc.closeStdin();
                return proc.await(timeout);
            }
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean running() {
        return process.isAlive();
    }

    /** What it has written to standard output so far, as UTF-8. */
    public String stdout() {
        return stdout.text();
    }

    /** What it has written to standard error so far, as UTF-8. */
    public String stderr() {
        return stderr.text();
    }

    /** Writes UTF-8 to the program's standard input. A program that has closed it already is left in peace. */
    public void write(String text) {
        feed(stdin -> {
            stdin.write(text.getBytes(StandardCharsets.UTF_8));
            stdin.flush();
        });
    }

    public void closeStdin() {
        feed(OutputStream::close);
    }

    private interface Feed {
        void to(OutputStream stdin) throws IOException;
    }

    private void feed(Feed feed) {
        try {
            feed.to(process.getOutputStream());
        } catch (IOException e) {
            if (process.isAlive() && !"Broken pipe".equals(e.getMessage()) && !"Stream closed".equals(e.getMessage())) {
                throw new UncheckedIOException("cannot write to " + name, e);
            }
        }
    }

    /**
     * Waits until standard output contains a line that fits, and returns the first such line. A line counts when it is
     * complete, or the pipe has ended.
     *
     * @throws AssertionError with both outputs if there is none in time, or the program ends without one
     */
    public String awaitLine(String what, Duration timeout, Predicate<String> fits) {
        return awaitLine(stdout, what, timeout, fits);
    }

    /** As {@link #awaitLine}, on standard error. */
    public String awaitErrorLine(String what, Duration timeout, Predicate<String> fits) {
        return awaitLine(stderr, what, timeout, fits);
    }

    private String awaitLine(Output output, String what, Duration timeout, Predicate<String> fits) {
        return output.awaitLine(timeout, fits)
                .orElseThrow(
                        () -> new AssertionError("no " + what + " from " + name + " within " + timeout + status()));
    }

    /** Sends a signal by its short name, e.g. {@code "USR1"}. A program that has ended is left in peace. */
    public void signal(String signal) {
        Signals.send(signal, process.pid());
    }

    /** SIGINT, as Ctrl-C sends it. */
    public void interrupt() {
        signal("INT");
    }

    /** SIGTERM. */
    public void terminate() {
        signal("TERM");
    }

    /** SIGKILL. What the program has written until then is still read. */
    public void kill() {
        // Process.destroyForcibly would close the pipes, and lose what is in them.
        signal("KILL");
    }

    /**
     * Waits for the program's end and its last output.
     *
     * @throws AssertionError with both outputs if it doesn't end in time; it is killed then
     */
    public Result await(Duration timeout) {
        try {
            if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                String status = status();
                close();
                throw new AssertionError(name + " did not end within " + timeout + status);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        }
        // A grandchild that lives on can hold a pipe open for ever: then its output is not waited for.
        stdout.awaitEnd(PATIENCE);
        stderr.awaitEnd(PATIENCE);
        return new Result(process.exitValue(), stdout(), stderr());
    }

    /** Kills the program and what it started, if it still runs. */
    @Override
    public void close() {
        if (process.isAlive()) {
            List<Long> pids = process.descendants().map(ProcessHandle::pid).toList();
            process.destroyForcibly();
            if (!pids.isEmpty()) {
                Signals.send("KILL", pids);
            }
        }
    }

    private String status() {
        String end = process.isAlive() ? "; it still runs" : "; it ended with exit code " + process.exitValue();
        return end + outputs(stdout(), stderr());
    }

    private static String outputs(String stdout, String stderr) {
        return "\n--- stdout\n" + stdout + "\n--- stderr\n" + stderr;
    }

    @Override
    public String toString() {
        return name + " (" + process.pid() + ")";
    }

    /** Bytes of which a part can be looked at without a copy of all. */
    private static final class Collected extends ByteArrayOutputStream {
        String text(int from, int to) {
            return new String(buf, from, to - from, StandardCharsets.UTF_8);
        }

        /** Where the line begins that has no end yet. */
        int endOfLines() {
            int end = count;
            while (end > 0 && buf[end - 1] != '\n') {
                end--;
            }
            return end;
        }
    }

    /** What one pipe has brought so far, read by a thread of its own. */
    private static final class Output {
        private final Collected bytes = new Collected();
        private final InputStream pipe;
        private final long maxLines;
        private boolean ended;

        Output(String name, InputStream pipe, long maxLines) {
            this.pipe = pipe;
            this.maxLines = maxLines;
            Thread reader = new Thread(this::read, name);
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            byte[] chunk = new byte[maxLines == Long.MAX_VALUE ? 16_384 : 1];
            long lines = 0;
            try (pipe) {
                while (lines < maxLines) {
                    int length = pipe.read(chunk);
                    if (length < 0) {
                        break;
                    }
                    lines += chunk[0] == '\n' ? 1 : 0;
                    if (lines == maxLines) {
                        pipe.close(); // first: who sees the last line finds the pipe closed
                    }
                    append(chunk, length);
                }
            } catch (IOException e) {
                // The process was killed and its pipe closed under the reader: an end like any other.
                append(new byte[0], 0);
            } finally {
                end();
            }
        }

        private synchronized void append(byte[] chunk, int length) {
            bytes.write(chunk, 0, length);
            notifyAll();
        }

        private synchronized void end() {
            ended = true;
            notifyAll();
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }

        /** Waits for the pipe's end, or until the time is up. */
        synchronized void awaitEnd(Duration timeout) {
            long deadline = System.nanoTime() + timeout.toNanos();
            while (!ended && awaitMore(deadline)) {
                // There may be still more.
            }
        }

        /** Waits for the first line that fits; empty if there is none in time or up to the pipe's end. */
        synchronized Optional<String> awaitLine(Duration timeout, Predicate<String> fits) {
            long deadline = System.nanoTime() + timeout.toNanos();
            int looked = 0;
            while (true) {
                int end = ended ? bytes.size() : bytes.endOfLines();
                Optional<String> line =
                        bytes.text(looked, end).lines().filter(fits).findFirst();
                if (line.isPresent() || ended || !awaitMore(deadline)) {
                    return line;
                }
                looked = end;
            }
        }

        /** Waits until something comes, or the pipe ends; false when the time is up. */
        private boolean awaitMore(long deadline) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                return true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for output", e);
            }
        }
    }
}
