// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.Collections;

/** What the server hears while subscribers take their time. */
class FeedbackIT {
    private static final int TIMEOUT_SECONDS = 2;
    private static final SubscriptionSettings QUERY = SubscriptionSettings.forQuery("q");

    /** The stuck subscriber's queue is full, and so are the buffers of the connection. */
    @SomeVersion
    void keepsTheConnectionWhileASubscriberIsStuck(int version) {
        try (PostgresServer server = impatient(version);
                SourceFixture fixture = SourceFixture.on(server)) {
            Writers.createTables(fixture.database(), 0);
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder().withDispatchBufferCapacity(10));
            try (Subscription subscription = source.subscribe(QUERY)) {
                source.start();
                fixture.awaitStreaming(source);
                String walsender = SourceTraces.awaitWalsender(fixture);
                fixture.execute("DO $$ BEGIN FOR i IN 1 .. 2000 LOOP"
                        + " INSERT INTO items VALUES (i, 0, repeat('x', 10000)); END LOOP; END $$");
                for (int i = 0; i < 20; i++) {
                    Follower.mark(fixture.database());
                }
                SourceTraces.awaitThreadAtFullQueue();
                awaitThreeTimeouts(fixture);
                assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
                try (Recorder recorder = new Recorder(fixture, source, subscription, true)) {
                    assertThat(recorder.transaction().size()).isEqualTo(2000);
                    for (int i = 1; i <= 20; i++) {
                        assertThat(recorder.changes()).containsExactly("insert marks:" + i + " {id=" + i + "}");
                    }
                    assertThat(recorder.catchUp()).isEmpty();
                    assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
                }
            }
        }
    }

    /** It is told exactly how much it has lost, and the others never wait for it. */
    @SomeVersion
    void keepsTheConnectionWhileASubscriberOfABroadcastIsStuck(int version) {
        try (PostgresServer server = impatient(version);
                SourceFixture fixture = SourceFixture.on(server)) {
            Writers.createTables(fixture.database(), 0);
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withDispatchMode(DispatchMode.BROADCAST).withDispatchBufferCapacity(1000));
            try (Subscription stuck = source.subscribe(QUERY);
                    Follower other = Follower.of(source, SubscriptionSettings.forQuery("other"))) {
                source.start();
                fixture.awaitStreaming(source);
                String walsender = SourceTraces.awaitWalsender(fixture);
                fixture.execute(Collections.nCopies(1500, "INSERT INTO batches (changes) VALUES (0)")
                        .toArray(String[]::new));
                other.catchUp(fixture.database());
                awaitThreeTimeouts(fixture);
                other.catchUp(fixture.database());
                assertThat(other.check().transactions()).isEqualTo(1502);
                assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
                Lsn end = fixture.walEnd();
                Await.until(
                        "the one that has lagged holds no log",
                        () -> !fixture.confirmedFlushLsn().orElseThrow().isBefore(end));
                assertThatThrownBy(() -> stuck.poll(Duration.ZERO))
                        .isInstanceOfSatisfying(
                                SubscriptionLaggedException.class,
                                lagged -> assertThat(lagged.lostEvents()).isEqualTo(1502));
            }
        }
    }

    private static PostgresServer impatient(int version) {
        return PostgresServer.builder(version)
                .setting("wal_sender_timeout", TIMEOUT_SECONDS + "s")
                .start();
    }

    private static void awaitThreeTimeouts(SourceFixture fixture) {
        String begin = fixture.database().queryOne("SELECT clock_timestamp()");
        Await.until(
                "three times the timeout has passed",
                Duration.ofMinutes(1),
                () -> fixture.database()
                        .queryOne("SELECT clock_timestamp() > '" + begin + "'::timestamptz + interval '"
                                + 3 * TIMEOUT_SECONDS + " s'")
                        .equals("t"));
    }

    /** Otherwise an idle published table would make the server keep the log of all others. */
    @SomeVersion
    void followsTheLogWhenNothingIsOutstanding(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)", "CREATE TABLE unpublished (id int)");
            fixture.execute("CREATE PUBLICATION " + SourceFixture.PUBLICATION + " FOR TABLE users");
            Recorder recorder = fixture.stream();
            for (int round = 0; round < 3; round++) {
                fixture.execute("INSERT INTO unpublished SELECT generate_series(1, 10000)");
                Lsn end = fixture.walEnd();
                Await.until(
                        "all of the log is confirmed",
                        () -> !fixture.confirmedFlushLsn().orElseThrow().isBefore(end));
            }
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void holdsTheLogForTheSlowestSubscriber(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Recorder slow = fixture.record(source, QUERY, false);
                    Recorder fast = fixture.record(source, SubscriptionSettings.forQuery("fast"))) {
                source.start();
                fixture.awaitStreaming(source);
                fixture.execute("INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2)");
                var first = slow.transaction();
                slow.transaction();
                assertThat(fast.catchUp()).hasSize(2);
                slow.confirm(first);
                Lsn firstEnd = new Lsn(first.endLsn());
                Await.until(
                        "the first one is confirmed",
                        () -> fixture.confirmedFlushLsn().orElseThrow().equals(firstEnd));
                assertThat(fast.catchUp()).isEmpty();
                Await.until("the source says so", () -> source.confirmedLsn().equals(firstEnd));
                slow.close();
                Lsn end = fixture.walEnd();
                Await.until(
                        "nobody holds the log any more",
                        () -> !fixture.confirmedFlushLsn().orElseThrow().isBefore(end));
            }
        }
    }
}
