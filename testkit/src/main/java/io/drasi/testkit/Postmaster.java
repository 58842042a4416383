// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** The processes of one server: started, signalled, stopped and killed. Only {@link #running} is thread-safe. */
final class Postmaster {
    private static final Duration START_PATIENCE = Duration.ofMinutes(2);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
    private static final int SHARED_MEMORY_LINE = 6;
    private static final int STATUS_LINE = 7;
    private static final int LOG_EXCERPT = 4_000;

    private final Installation installation;
    private final Path data;
    private final Path log;
    private volatile Optional<Process> process = Optional.empty();

    Postmaster(Installation installation, Path data, Path log) {
        this.installation = installation;
        this.data = data;
        this.log = log;
    }

    /** The server ended before it was ready; the message has the end of its log. */
    static final class StartFailedException extends IllegalStateException {
        private static final long serialVersionUID = 1;

        StartFailedException(String message) {
            super(message);
        }

        boolean portTaken() {
            return String.valueOf(getMessage()).contains("Address already in use");
        }
    }

    /**
     * Starts the server and waits until it lets clients in.
     *
     * @throws StartFailedException if it ends instead, or isn't ready in time
     */
    void start() {
        if (running()) {
            throw new IllegalStateException("the server runs already");
        }
        List<String> before = pidFile();
        long logStart = log.toFile().length();
        Process started = launch();
        process = Optional.of(started);
        // A crash leaves the old postmaster.pid, "ready" and all.
        Await.until("the server is ready or has ended", START_PATIENCE, () -> {
            List<String> now = pidFile();
            return !started.isAlive() || (!now.equals(before) && isReady(now));
        });
        if (!started.isAlive()) {
            throw new StartFailedException("PostgreSQL did not start; its log:\n" + logFrom(logStart));
        }
    }

    private Process launch() {
        ProcessBuilder builder = new ProcessBuilder(ServerAccount.current()
                        .command(installation.program("postgres"), List.of("-D", data.toString())))
                .directory(data.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        try {
            Process started = builder.start();
            started.getOutputStream().close();
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run postgres", e);
        }
    }

    private static boolean isReady(List<String> pidFile) {
        return pidFile.size() > STATUS_LINE
                && (pidFile.get(STATUS_LINE).startsWith("ready")
                        || pidFile.get(STATUS_LINE).startsWith("standby"));
    }

    boolean running() {
        return process.filter(Process::isAlive).isPresent();
    }

    long pid() {
        requireRunning();
        // Not always the process that was started: su, for one, starts the server as its child.
        return pidFile().stream()
                .findFirst()
                .map(line -> Long.parseLong(line.strip()))
                .orElseGet(() -> process.orElseThrow().pid());
    }

    /** Stops as {@code pg_ctl stop -m fast} does and returns how long that took. */
    Duration stopFast(Duration timeout) {
        requireRunning();
        String seconds = Long.toString(Math.max(1, timeout.toSeconds()));
        long start = System.nanoTime();
        Proc.Result result = DataTemplate.run(
                installation, "pg_ctl", List.of("stop", "-D", data.toString(), "-m", "fast", "-w", "-t", seconds), "");
        Duration taken = Duration.ofNanos(System.nanoTime() - start);
        if (result.exitCode() != 0) {
            throw new AssertionError("pg_ctl stop -m fast failed after " + taken + ": " + result.stdout()
                    + result.stderr() + "\n" + logFrom(log.toFile().length() - LOG_EXCERPT));
        }
        awaitEnd();
        return taken;
    }

    /** Has a standby end its recovery, as {@code pg_ctl promote} does, and waits for that. */
    void promote() {
        requireRunning();
        DataTemplate.run(installation, "pg_ctl", List.of("promote", "-D", data.toString(), "-w"), "")
                .requireSuccess();
    }

    /** Ends all processes without a checkpoint, as {@code pg_ctl stop -m immediate} does. */
    void stopImmediate() {
        long pid = pid();
        // A paused process doesn't hear SIGQUIT before it goes on.
        resume(family(pid));
        Signals.send("QUIT", pid);
        awaitEnd();
    }

    /** Kills all processes with SIGKILL. */
    void kill() {
        long pid = pid();
        // Stopped first, so that it doesn't start another child while its children are collected.
        Signals.send("STOP", pid);
        Set<Long> family = family(pid);
        Signals.send("KILL", family);
        resume(Set.of());
        Await.until(
                "the killed processes are gone",
                STOP_PATIENCE,
                () -> family.stream().noneMatch(Signals::alive));
        awaitEnd();
    }

    /** Stops all processes in their tracks (SIGSTOP): connections stay open, and silent. */
    void pause() {
        long pid = pid();
        Signals.send("STOP", pid);
        Signals.send("STOP", family(pid));
    }

    void resume() {
        resume(family(pid()));
    }

    void reload() {
        Signals.send("HUP", pid());
    }

    /** Removes the System V segment that a killed server leaves behind; a server that was stopped leaves none. */
    void releaseSharedMemory() {
        List<String> lines = pidFile();
        if (!running() && lines.size() > SHARED_MEMORY_LINE) {
            String[] keyAndId = lines.get(SHARED_MEMORY_LINE).strip().split("\\s+", -1);
            if (keyAndId.length == 2) {
                Proc.of("sh", "-c", "ipcrm -m \"$1\" 2>/dev/null || :", "sh", keyAndId[1])
                        .run(STOP_PATIENCE)
                        .requireSuccess();
            }
        }
    }

    private static Set<Long> family(long pid) {
        Set<Long> family = new TreeSet<>(List.of(pid));
        ProcessHandle.of(pid)
                .ifPresent(
                        handle -> handle.descendants().map(ProcessHandle::pid).forEach(family::add));
        return family;
    }

    /** Lets the server go on, and the process that started it: su, for one, stops itself when its child stops. */
    private void resume(Set<Long> family) {
        Signals.send("CONT", family);
        Signals.send("CONT", process.orElseThrow().pid());
    }

    private void awaitEnd() {
        Process ending = process.orElseThrow();
        try {
            if (!ending.waitFor(STOP_PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new AssertionError("the server did not end within " + STOP_PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the server was stopping", e);
        }
    }

    private void requireRunning() {
        if (!running()) {
            throw new IllegalStateException("the server doesn't run");
        }
    }

    /** The lines of postmaster.pid; none if it isn't there. */
    private List<String> pidFile() {
        try {
            return Files.readAllLines(data.resolve("postmaster.pid"));
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String logFrom(long position) {
        try {
            byte[] all = Files.readAllBytes(log);
            int start = (int) Math.max(0, Math.max(position, all.length - LOG_EXCERPT));
            return new String(all, start, all.length - start, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
