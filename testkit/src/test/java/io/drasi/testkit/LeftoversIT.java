// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What remains of a JVM with running servers when it ends. */
class LeftoversIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Starts two servers, one of them paused, prints what belongs to them, and waits for a line. */
    static final class TwoServers {
        private TwoServers() {}

        public static void main(String[] arguments) throws Exception {
            PostgresServer inMemory =
                    PostgresServer.builder(PostgresVersion.newest()).start();
            PostgresServer onDisk = PostgresServer.builder(PostgresVersion.oldest())
                    .onDisk()
                    .tls()
                    .start();
            inMemory.pause();
            for (PostgresServer server : List.of(inMemory, onDisk)) {
                System.out.println(server.postmasterPid() + " "
                        + server.dataDirectory().getParent().getParent());
            }
            System.out.println("started");
            System.in.read();
        }
    }

    @Test
    void nothingRemainsWhenTheJvmExitsWithOpenServers() {
        try (Proc jvm = start()) {
            jvm.write("\n");
            assertThat(jvm.await(TIMEOUT).exitCode()).isZero();
            for (String line : servers(jvm)) {
                assertThat(Signals.alive(pid(line))).isFalse();
                assertThat(directory(line)).doesNotExist();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void nothingRemainsWhenTheJvmIsKilled(String signal) {
        try (Proc jvm = start()) {
            jvm.signal(signal);
            jvm.await(TIMEOUT);
            for (String line : servers(jvm)) {
                Await.until("the server is gone", TIMEOUT, () -> !Signals.alive(pid(line)));
                Await.until("its directory is gone", TIMEOUT, () -> !Files.exists(directory(line)));
            }
        }
    }

    private static Proc start() {
        String property = "-D" + PostgresVersion.BINARIES_PROPERTY + "=" + PostgresVersion.binariesDirectory();
        Proc jvm = Proc.java(List.of(property), TwoServers.class.getName()).start();
        jvm.awaitLine("the servers' start", TIMEOUT, "started"::equals);
        return jvm;
    }

    private static List<String> servers(Proc jvm) {
        return jvm.stdout().lines().filter(line -> line.contains(" ")).toList();
    }

    private static long pid(String line) {
        return Long.parseLong(line.substring(0, line.indexOf(' ')));
    }

    private static Path directory(String line) {
        return Path.of(line.substring(line.indexOf(' ') + 1));
    }
}
