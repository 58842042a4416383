// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.Await;
import io.drasi.testkit.Fault;
import io.drasi.testkit.Fault.Direction;
import io.drasi.testkit.FaultyProxy;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Property;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A network that cuts, resets, freezes, delays, throttles and cuts up connections while they log in, read the snapshot, stream
 * and confirm, with and without TLS: the source goes on by itself, and each subscriber is given every change once. Runs some
 * seconds in a build, or on each version for as many minutes as the system property {@value RandomRuns#MINUTES_PROPERTY} says.
 */
class NetworkFaultsIT {
    private static final Duration IN_A_BUILD = Duration.ofSeconds(5);
    private static final int ROWS = 400;
    /** About what the server sends of them in a bootstrap, and what comes before. */
    private static final int BOOTSTRAP_BYTES = 40_000;

    /** The ways to disturb a stream. */
    private static final int KINDS = 6;

    private static final Duration PEER_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String PASSWORD = "not trusted";

    private final RandomTally tally = new RandomTally();

    static List<Integer> versions() {
        return RandomRuns.versions();
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void losesAndRepeatsNothing(int version) {
        try (PostgresServer server = server(version)) {
            int runs = Property.forAllWithin(
                    RandomRuns.minutes().orElse(IN_A_BUILD), RandomRuns.seeds(), random -> run(server, random));
            System.out.println(runs + " runs in a bad network on PostgreSQL " + version + ": " + tally);
        }
    }

    /** Notices soon that a client is away; has a login that takes several messages. */
    private static PostgresServer server(int version) {
        PostgresServer server = PostgresServer.builder(version)
                .tls()
                .setting("wal_sender_timeout", "2s")
                .setting("password_encryption", "scram-sha-256")
                .hba("host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256")
                .start();
        server.execute("ALTER ROLE " + server.superuser() + " PASSWORD '" + PASSWORD + "'");
        return server;
    }

    /** All ways in random order: half of them with TLS, the others without. */
    private void run(PostgresServer server, Random random) {
        List<Integer> kinds = new ArrayList<>(IntStream.range(0, KINDS).boxed().toList());
        Collections.shuffle(kinds, random);
        run(server, SslMode.VERIFY_FULL, kinds.subList(0, KINDS / 2), random);
        run(server, SslMode.DISABLE, kinds.subList(KINDS / 2, KINDS), random);
    }

    private void run(PostgresServer server, SslMode sslMode, List<Integer> kinds, Random random) {
        try (SourceFixture fixture = SourceFixture.on(server)) {
            UnderLoad.createTables(fixture, ROWS);
            try (FaultyProxy proxy = new FaultyProxy(server.host(), server.port());
                    UnderLoad load = UnderLoad.begin(fixture, builder(fixture, proxy, sslMode), random)) {
                disturbTheBeginning(proxy, random);
                load.start();
                load.awaitProgress();
                long bootstraps = load.first().bootstraps();
                for (int kind : kinds) {
                    proxy.heal();
                    load.awaitProgress();
                    disturbTheStream(kind, load, proxy, random);
                    load.awaitProgress();
                }
                proxy.heal();
                load.finish();
                assertThat(load.first().bootstraps())
                        .as("a stream that broke is no reason for another bootstrap")
                        .isEqualTo(bootstraps);
            }
            SourceTraces.awaitConnections(fixture, 0);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    private static PostgresReplicationSource.Builder builder(
            SourceFixture fixture, FaultyProxy proxy, SslMode sslMode) {
        return fixture.builder()
                .withHost(proxy.host())
                .withPort(proxy.port())
                .withPassword(PASSWORD)
                .withSslMode(sslMode)
                .withSslRootCert(fixture.server().tlsFiles().rootCertificate())
                .withConnectTimeout(Duration.ofSeconds(2))
                .withPeerTimeout(PEER_TIMEOUT)
                .withStatusInterval(Duration.ofMillis(200));
    }

    /** Faults in the first logins, and in the bootstrap. */
    private void disturbTheBeginning(FaultyProxy proxy, Random random) {
        if (random.nextInt(3) == 0) {
            proxy.inflict(count("at the beginning", lasting(random)));
        }
        if (random.nextInt(4) == 0) {
            // Before the end of the login, which has a timeout of its own.
            proxy.inflictOnNext(direction(random), random.nextInt(50), count("in a login", freeze(random)));
        } else {
            proxy.inflictOnNext(
                    direction(random),
                    random.nextInt(random.nextBoolean() ? 200 : 4000),
                    count("in a login", end(random)));
        }
        for (int more = random.nextInt(3); more > 0; more--) {
            proxy.inflictAfter(
                    Direction.TO_CLIENT, random.nextInt(BOOTSTRAP_BYTES), count("until the bootstrap", end(random)));
        }
    }

    private void disturbTheStream(int kind, UnderLoad load, FaultyProxy proxy, Random random) {
        int struck = proxy.struck();
        switch (kind) {
            case 0 -> proxy.inflict(count("at once", end(random)));
            case 1 -> proxy.inflict(count("at once", lasting(random)));
            case 2 -> {
                proxy.inflict(count("for a while", freeze(random)));
                // What is asked of the server on an ordinary connection may take a minute: a pause must not.
                awaitSilence(random);
                proxy.heal();
            }
            case 3 -> {
                load.subscribe();
                proxy.inflictAfter(
                        direction(random),
                        random.nextInt(BOOTSTRAP_BYTES),
                        count("beside a late bootstrap", end(random)));
            }
            case 4 -> {
                Fault fault = any(random);
                // A walsender waits for the rest of a message without a timeout of its own: that is for TCP's
                // keepalives, which the proxy's host answers. So nothing freezes in the middle of one.
                int bytes = fault instanceof Fault.Freeze ? 0 : random.nextInt(500);
                proxy.inflictAfter(Direction.TO_SERVER, bytes, count("in feedback", fault));
                awaitStruck(load, proxy, struck);
            }
            default -> {
                proxy.inflictAfter(Direction.TO_CLIENT, random.nextInt(20_000), count("in the stream", any(random)));
                awaitStruck(load, proxy, struck);
            }
        }
    }

    private static void awaitStruck(UnderLoad load, FaultyProxy proxy, int before) {
        Await.until("the fault has struck", PATIENCE, () -> {
            load.requireNoFailure();
            return proxy.struck() > before;
        });
    }

    /** Up to twice the time after which the source gives the stream up. */
    private static void awaitSilence(Random random) {
        long end = System.nanoTime() + (long) (random.nextDouble() * 2 * PEER_TIMEOUT.toNanos());
        Await.until("it has been silent for a while", () -> System.nanoTime() - end >= 0);
    }

    private Fault count(String when, Fault fault) {
        tally.count(fault.getClass().getSimpleName().toLowerCase(Locale.ROOT) + " " + when, 1);
        return fault;
    }

    private static Fault any(Random random) {
        return random.nextInt(3) == 0 ? freeze(random) : end(random);
    }

    private static Fault end(Random random) {
        return random.nextBoolean() ? new Fault.Cut() : new Fault.Reset();
    }

    private static Fault freeze(Random random) {
        return random.nextBoolean() ? Fault.Freeze.bothWays() : new Fault.Freeze(Set.of(direction(random)));
    }

    private static Fault lasting(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> new Fault.Delay(Duration.ofMillis(1 + random.nextInt(20)));
            case 1 -> new Fault.Throttle(40_000 + random.nextInt(200_000));
            default -> new Fault.Segment(1 + random.nextInt(2) * random.nextInt(20));
        };
    }

    private static Direction direction(Random random) {
        return random.nextBoolean() ? Direction.TO_SERVER : Direction.TO_CLIENT;
    }
}
