// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A server's fast shutdown waits for its walsenders: the source must not make it wait. */
class ShutdownIT {
    /** What the source may cost. The machine may do so too, so the best of some attempts counts. */
    private static final Duration MOST_WHEN_IDLE = Duration.ofSeconds(2);

    private static final int ATTEMPTS = 3;
    /** Not much in the face of a server that would wait for ever; a shorter wait shows in the log. */
    private static final Duration MOST = Duration.ofSeconds(20);

    private static final SubscriptionSettings QUERY = SubscriptionSettings.forQuery("q");

    @EachVersion
    void isNotHeldUpByASource(int version) {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = SourceFixture.on(server);
                Logged logged = new Logged()) {
            Writers.createTables(fixture.database(), 1000);
            fixture.publishAllTables();
            Duration without = server.stopFast();
            server.start();
            // In this order: before 17, a server that is started again may have forgotten the last confirmations, and
            // sends a new source the last changes once more.
            stopsWithASubscriberThatReadsNothing(fixture, without);
            stopsIdle(fixture, without);
            stopsWithoutASubscription(fixture, without);
            stopsAfterLoad(fixture, without);
            assertThat(logged.messages())
                    .as("the server has never waited for the source")
                    .isNotEmpty()
                    .noneMatch(message -> message.contains(Logged.LETTING_GO));
        }
    }

    private static void stopsIdle(SourceFixture fixture, Duration without) {
        PostgresReplicationSource source = fixture.source(fixture.builder());
        try (source;
                Follower follower = Follower.of(source, QUERY)) {
            source.start();
            fixture.awaitStreaming(source);
            Duration most = without.plus(MOST_WHEN_IDLE);
            List<Duration> took = new ArrayList<>();
            do {
                took.add(fixture.server().stopFast());
                fixture.server().start();
                follower.catchUp(fixture.database());
            } while (took.get(took.size() - 1).compareTo(most) >= 0 && took.size() < ATTEMPTS);
            assertThat(took)
                    .as("the best of what stopping took")
                    .anySatisfy(with -> assertThat(with).isLessThan(most));
        }
    }

    private static void stopsAfterLoad(SourceFixture fixture, Duration without) {
        PostgresReplicationSource source = fixture.source(fixture.builder());
        try (source;
                Follower follower = Follower.of(source, QUERY.withBootstrap())) {
            source.start();
            fixture.awaitStreaming(source);
            try (Writers writers = Writers.start(fixture.database(), 2, 20)) {
                writers.awaitProgress(500);
                writers.stop();
            }
            follower.catchUp(fixture.database());
            // What no publication has is confirmed too, though nobody is given it.
            fixture.execute("CREATE UNLOGGED TABLE unpublished AS SELECT generate_series(1, 1000)");
            assertThat(fixture.server().stopFast()).isLessThan(without.plus(MOST));
            fixture.server().start();
            follower.catchUp(fixture.database());
            follower.check().assertEqualsTables(fixture.database());
        }
    }

    /** Nothing was written that it would have to read. */
    private static void stopsWithASubscriberThatReadsNothing(SourceFixture fixture, Duration without) {
        PostgresReplicationSource source = fixture.source(fixture.builder());
        try (source;
                Subscription unread = source.subscribe(QUERY)) {
            source.start();
            fixture.awaitStreaming(source);
            assertThat(fixture.server().stopFast()).isLessThan(without.plus(MOST));
            fixture.server().start();
            Lsn end = fixture.walEnd();
            Await.until("the source streams again", () -> !source.confirmedLsn().isBefore(end));
            assertThat(unread.ended()).isFalse();
        }
    }

    private static void stopsWithoutASubscription(SourceFixture fixture, Duration without) {
        PostgresReplicationSource source = fixture.source(fixture.builder());
        try (source) {
            source.start();
            Await.until("it waits", () -> source.status().status() == ComponentStatus.RUNNING);
            assertThat(fixture.server().stopFast()).isLessThan(without.plus(MOST));
            fixture.server().start();
            try (Follower follower = Follower.of(source, QUERY)) {
                follower.catchUp(fixture.database());
            }
        }
    }
}
