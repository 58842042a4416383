// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Property;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A server that crashes, is stopped, started again, and ends the source's sessions, while tables are written, in bootstraps and
 * streams: the source goes on by itself, and each subscriber is given every change once. Runs some seconds in a build, or on
 * each version for as many minutes as the system property {@value RandomRuns#MINUTES_PROPERTY} says.
 *
 * <p>The servers run with {@code fsync=off}, which is fair: a crash of the processes, unlike one of the machine, loses nothing
 * that they have given to the operating system.
 */
class ServerFaultsIT {
    private static final Duration IN_A_BUILD = Duration.ofSeconds(8);
    private static final int ROWS = 400;
    private static final int KINDS = 6;

    private final RandomTally tally = new RandomTally();

    static List<Integer> versions() {
        return RandomRuns.versions();
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void losesAndRepeatsNothing(int version) {
        try (PostgresServer server = PostgresServer.builder(version).start()) {
            int runs = Property.forAllWithin(
                    RandomRuns.minutes().orElse(IN_A_BUILD), RandomRuns.seeds(), random -> run(server, random));
            System.out.println(runs + " runs on a bad server, PostgreSQL " + version + ": " + tally);
        }
    }

    /** All kinds of faults in random order, the first of them until the first bootstrap is done. */
    private void run(PostgresServer server, Random random) {
        List<Integer> kinds = new ArrayList<>(IntStream.range(0, KINDS).boxed().toList());
        Collections.shuffle(kinds, random);
        try (SourceFixture fixture = SourceFixture.on(server)) {
            UnderLoad.createTables(fixture, ROWS);
            try (UnderLoad load = UnderLoad.begin(fixture, fixture.builder(), random)) {
                load.start();
                load.awaitRows(random.nextInt(ROWS)); // none of them: while it connects
                inflict(kinds.get(0), fixture, "until the first bootstrap");
                load.awaitProgress();
                long bootstraps = load.first().bootstraps();
                for (int kind : kinds.subList(1, KINDS)) {
                    boolean late = random.nextInt(3) == 0;
                    if (late) {
                        load.subscribe();
                        load.awaitRowsOfLast(random.nextInt(ROWS));
                    }
                    inflict(kind, fixture, late ? "beside a late bootstrap" : "in the stream");
                    load.awaitProgress();
                }
                load.finish();
                assertThat(load.first().bootstraps())
                        .as("a server that was away is no reason for another bootstrap")
                        .isEqualTo(bootstraps);
            }
            SourceTraces.awaitConnections(fixture, 0);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    private void inflict(int kind, SourceFixture fixture, String when) {
        PostgresServer server = fixture.server();
        String what = switch (kind) {
            case 0 -> {
                server.kill();
                server.start();
                yield "crash";
            }
            case 1 -> {
                server.stopImmediate();
                server.start();
                yield "immediate stop";
            }
            case 2 -> {
                server.restart();
                yield "fast stop";
            }
            case 3 -> {
                terminate(fixture, "backend_type = 'walsender'");
                yield "end of the walsenders";
            }
            case 4 -> {
                terminate(fixture, "backend_type <> 'walsender'");
                yield "end of ordinary sessions";
            }
            default -> {
                terminate(fixture, "true");
                yield "end of all sessions";
            }
        };
        tally.count(what + " " + when, 1);
    }

    private static void terminate(SourceFixture fixture, String which) {
        fixture.database()
                .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'drasi %'"
                        + " AND " + which);
    }
}
