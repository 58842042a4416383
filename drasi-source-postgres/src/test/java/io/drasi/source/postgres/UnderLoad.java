// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A source that is to survive something while others write: with one subscriber from the beginning, and others that come later,
 * all with a bootstrap. For tests that make faults at random.
 */
final class UnderLoad implements AutoCloseable {
    private static final int WRITERS = 2;
    private static final int MOST_TRANSACTIONS = 60;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SourceFixture fixture;
    private final PostgresReplicationSource source;
    private final Random random;
    private final Writers writers;
    private final List<Follower> followers = new ArrayList<>();

    private UnderLoad(SourceFixture fixture, PostgresReplicationSource source, Random random) {
        this.fixture = fixture;
        this.source = source;
        this.random = random;
        this.writers = Writers.start(fixture.database(), WRITERS, random.nextLong());
    }

    /** Makes the tables that are written, with that many rows, and publishes them. */
    static void createTables(SourceFixture fixture, int rows) {
        Writers.createTables(fixture.database(), rows);
        fixture.publishAllTables();
    }

    /**
     * Begins to write; the source does not start yet.
     *
     * @param builder of the source; the sizes of its batches and queues are chosen here
     */
    static UnderLoad begin(SourceFixture fixture, PostgresReplicationSource.Builder builder, Random random) {
        PostgresReplicationSource source = fixture.source(builder.withBootstrapBatchSize(1 + random.nextInt(50))
                .withDispatchBufferCapacity(1 + random.nextInt(random.nextBoolean() ? 10 : 1000)));
        return new UnderLoad(fixture, source, random);
    }

    PostgresReplicationSource source() {
        return source;
    }

    /** Starts the source with its first subscriber. */
    void start() {
        subscribe();
        source.start();
    }

    /** Another subscriber comes. */
    void subscribe() {
        followers.add(Follower.of(
                source,
                SubscriptionSettings.forQuery("query-" + followers.size()).withBootstrap()));
    }

    DeliveryCheck first() {
        return followers.get(0).check();
    }

    /** Waits until all bootstraps are done, and the first subscriber has been given some more transactions. */
    void awaitProgress() {
        long goal = first().transactions() + 1 + random.nextInt(MOST_TRANSACTIONS);
        Await.until("all have their rows, and the first subscriber " + goal + " transactions", PATIENCE, () -> {
            requireNoFailure();
            return first().transactions() >= goal
                    && followers.stream().allMatch(follower -> follower.check().bootstraps() > 0);
        });
    }

    /** Waits until the first subscriber was given so many rows of a bootstrap, or all of them. */
    void awaitRows(int count) {
        awaitRows(followers.get(0), count);
    }

    /** Waits until the subscriber that came last was given so many rows of a bootstrap, or all of them. */
    void awaitRowsOfLast(int count) {
        awaitRows(followers.get(followers.size() - 1), count);
    }

    private void awaitRows(Follower follower, int count) {
        Await.until(follower.subscription().queryId() + " was given " + count + " rows", PATIENCE, () -> {
            requireNoFailure();
            return follower.check().bootstraps() > 0 || follower.check().bootstrapRows() >= count;
        });
    }

    void requireNoFailure() {
        SourceFixture.requireNoFailure(source);
        followers.forEach(Follower::requireNoFailure);
    }

    /**
     * Ends the writing, and compares what each subscriber was given with the server's tables; that each change came once was
     * checked with each event. Then it stops the source, of which nothing may be left here.
     */
    void finish() {
        writers.stop();
        long mark = Follower.mark(fixture.database());
        for (Follower follower : followers) {
            Await.until("all is delivered", PATIENCE, () -> {
                requireNoFailure();
                return follower.check().bootstraps() > 0 && follower.check().has("marks", mark);
            });
            follower.check().assertEqualsTables(fixture.database());
            assertThat(follower.check().repeated()).isZero();
        }
        followers.forEach(Follower::close);
        source.stop();
        assertThat(SourceTraces.threads()).isEmpty();
    }

    @Override
    public void close() {
        writers.close();
        source.close();
    }
}
