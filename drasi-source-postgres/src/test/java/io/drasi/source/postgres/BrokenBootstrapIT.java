// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import io.drasi.testkit.Property;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Bootstraps during which the server ends one of the source's sessions, at some moment: the subscriber gets another
 * bootstrap or the rest, has in the end what the tables hold, and nothing of the first try is left.
 */
class BrokenBootstrapIT {
    /** More than the buffers between server and source hold, so that the server is in the middle of it. */
    private static final int LARGE_ROWS = 2500;

    private static final int ROWS = 500;
    private static final int BATCH = 25;
    private static final int WRITERS = 2;

    private static final String ORDINARY = "ordinary";
    private static final Duration SHORT = Duration.ofMillis(20);
    private static final SubscriptionSettings FIRST =
            SubscriptionSettings.forQuery("first").withBootstrap();
    private static final SubscriptionSettings LATE =
            SubscriptionSettings.forQuery("late").withBootstrap();

    /** What was ended how often, to be seen in the output. */
    private final Map<String, Integer> broken = new TreeMap<>();

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @CsvSource({"18, 6", "14, 3", "10, 3"})
    void givesALateOneInTheEndAndTheOthersEveryChangeOnce(int version, int rounds) {
        try (SourceFixture fixture = withTables(version)) {
            PostgresReplicationSource source = source(fixture);
            try (Follower other = Follower.of(source, FIRST)) {
                source.start();
                other.catchUp(fixture.database());
                Property.forAll(rounds, random -> {
                    breakOne(fixture, source, LATE, random);
                    other.catchUp(fixture.database());
                    other.check().assertEqualsTables(fixture.database());
                    assertThat(other.check().bootstraps()).isEqualTo(1);
                    SourceTraces.awaitSlots(fixture, fixture.slotName());
                    SourceTraces.awaitOnlyStream(fixture);
                    assertNoOpenTransaction(fixture);
                });
            }
            source.stop();
            assertThat(SourceTraces.threads()).isEmpty();
            SourceTraces.awaitConnections(fixture, 0);
            System.out.println("broken late bootstraps on PostgreSQL " + version + ": " + broken);
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @CsvSource({"18, 3", "14, 2", "10, 2"})
    void givesAFirstOneInTheEnd(int version, int rounds) {
        Property.forAll(rounds, random -> {
            try (SourceFixture fixture = withTables(version)) {
                PostgresReplicationSource source = source(fixture);
                source.start();
                breakOne(fixture, source, FIRST, random);
                source.stop();
                assertThat(SourceTraces.threads()).isEmpty();
                SourceTraces.awaitConnections(fixture, 0);
                SourceTraces.awaitSlots(fixture, fixture.slotName());
            }
        });
        System.out.println("broken first bootstraps on PostgreSQL " + version + ": " + broken);
    }

    private static SourceFixture withTables(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        Writers.createTables(fixture.database(), ROWS);
        fixture.execute("CREATE TABLE large AS SELECT i AS id, repeat('x', 8000) AS text FROM generate_series(1, "
                + LARGE_ROWS + ") AS i");
        fixture.execute("ALTER TABLE large ADD PRIMARY KEY (id)");
        fixture.publishAllTables();
        return fixture;
    }

    private static PostgresReplicationSource source(SourceFixture fixture) {
        return fixture.source(fixture.builder().withBootstrapBatchSize(BATCH).withDispatchBufferCapacity(5));
    }

    /** One bootstrap, during which one session is ended, and that the subscriber takes to its end. */
    private void breakOne(
            SourceFixture fixture, PostgresReplicationSource source, SubscriptionSettings settings, Random random)
            throws InterruptedException {
        try (Writers writers = Writers.start(fixture.database(), WRITERS, random.nextLong());
                Subscription subscription = source.subscribe(settings)) {
            DeliveryCheck check = new DeliveryCheck();
            if (random.nextBoolean()) {
                take(subscription, check, random.nextInt((LARGE_ROWS + ROWS) / BATCH));
            } else {
                while (check.bootstraps() == 0) {
                    take(subscription, check, 1);
                }
                // Most often it has not caught up then: its queue is full.
                take(subscription, check, random.nextInt(random.nextInt(3) == 0 ? 300 : 10));
            }
            endASession(fixture, random);
            try (Follower follower = Follower.of(subscription, check)) {
                follower.awaitBootstrap();
                writers.awaitProgress(10);
                writers.stop();
                follower.catchUp(fixture.database());
                follower.check().assertEqualsTables(fixture.database());
            }
        }
    }

    private static void take(Subscription subscription, DeliveryCheck check, int events) throws InterruptedException {
        for (int taken = 0; taken < events; ) {
            Optional<SourceEvent> event = subscription.poll(SHORT);
            if (event.isPresent()) {
                taken++;
                check.accept(event.get());
                Follower.confirm(subscription, event.get());
            }
        }
    }

    private void endASession(SourceFixture fixture, Random random) {
        List<List<String>> sessions = new ArrayList<>(Await.untilPresent("the source has a session", () -> {
            List<List<String>> found = sessions(fixture);
            return found.isEmpty() ? Optional.empty() : Optional.of(found);
        }));
        List<String> kinds = new ArrayList<>(
                sessions.stream().map(row -> row.get(1)).distinct().toList()); // so that the rare ones are met too
        if (kinds.size() > 1 && random.nextInt(4) > 0) {
            kinds.remove(ORDINARY); // most often its end is not noticed
        }
        String kind = kinds.get(random.nextInt(kinds.size()));
        sessions.removeIf(row -> !row.get(1).equals(kind));
        String pid = sessions.get(random.nextInt(sessions.size())).get(0);
        fixture.server().query("SELECT pg_terminate_backend(" + pid + ")");
        broken.merge(kind, 1, Integer::sum);
    }

    /** Process ids and what the session does. */
    private static List<List<String>> sessions(SourceFixture fixture) {
        return fixture.database()
                .query("SELECT a.pid, CASE WHEN s.temporary THEN 'temporary slot ' || coalesce(r.state, 'unread')"
                        + " WHEN NOT s.temporary THEN 'slot'"
                        + " WHEN a.backend_type = 'walsender' THEN 'other walsender'"
                        + " WHEN a.query LIKE 'COPY%' AND a.state = 'active' THEN 'COPY'"
                        + " WHEN a.state LIKE 'idle in transaction%' THEN 'between tables' ELSE '" + ORDINARY + "' END"
                        + " FROM pg_stat_activity a LEFT JOIN pg_replication_slots s ON s.active_pid = a.pid"
                        + " LEFT JOIN pg_stat_replication r ON r.pid = a.pid"
                        + " WHERE a.application_name = 'drasi source' AND a.datname = current_database()"
                        + " ORDER BY 2, 1");
    }

    private static void assertNoOpenTransaction(SourceFixture fixture) {
        assertThat(fixture.database()
                        .query("SELECT pid, query FROM pg_stat_activity WHERE datname = current_database()"
                                + " AND application_name = 'drasi source' AND state LIKE 'idle in transaction%'"))
                .isEmpty();
    }
}
