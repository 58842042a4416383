// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.util.List;

/** Several subscribers of one source: their labels, their places in the stream, and what holds whom back. */
class SubscriptionsIT {
    private static final SubscriptionSettings FIRST = SubscriptionSettings.forQuery("first");
    private static final SubscriptionSettings SECOND = SubscriptionSettings.forQuery("second");

    @SomeVersion
    void givesEachSubscriptionTheLabelsItWants(int version) {
        try (SourceFixture fixture = shop(version)) {
            fixture.execute(
                    "INSERT INTO users VALUES (1)",
                    "INSERT INTO orders VALUES (1)",
                    "INSERT INTO audit.users VALUES (1)");
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder users = fixture.record(
                    source, FIRST.withLabels("users", "audit.users").withBootstrap());
            Recorder orders =
                    fixture.record(source, SECOND.withLabels("public.orders").withBootstrap());
            source.start();
            Recorder.Snapshot usersSnapshot = users.snapshot();
            Recorder.Snapshot ordersSnapshot = orders.snapshot();
            assertThat(usersSnapshot.readable())
                    .containsExactly("insert audit.users:1 {id=1}", "insert users:1 {id=1}");
            assertThat(ordersSnapshot.readable()).containsExactly("insert orders:1 {id=1}");
            assertThat(usersSnapshot.completed().rows()).isEqualTo(2);
            assertThat(usersSnapshot.started().labels()).containsExactlyInAnyOrder("audit.users", "users");
            assertThat(ordersSnapshot.started().position())
                    .isEqualTo(usersSnapshot.started().position());
            fixture.execute(
                    "BEGIN; INSERT INTO users VALUES (2); INSERT INTO orders VALUES (2); INSERT INTO users VALUES (3);"
                            + " INSERT INTO audit.users VALUES (4); COMMIT",
                    "DELETE FROM orders WHERE id = 1");
            SourceEvent.Transaction transaction = users.transaction();
            assertThat(Recorder.readable(transaction))
                    .containsExactly("insert users:2 {id=2}", "insert users:3 {id=3}", "insert audit.users:4 {id=4}");
            assertThat(Recorder.placed(transaction))
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(0L, 2L, 3L);
            assertThat(users.catchUp()).isEmpty();
            SourceEvent.Transaction same = orders.transaction();
            assertThat(Recorder.readable(same)).containsExactly("insert orders:2 {id=2}");
            assertThat(Recorder.placed(same).get(0).last()).isTrue();
            assertThat(same.position()).isEqualTo(new Position(transaction.commitLsn(), 3));
            assertThat(orders.allChanges()).containsExactly("delete orders:1 before {id=1}");
        }
    }

    @SomeVersion
    void endsASubscriptionToAnUnknownLabel(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder good = fixture.record(source, FIRST.withLabels("users"));
            Recorder bad = fixture.record(source, SECOND.withLabels("users", "person"));
            source.start();
            assertThatThrownBy(bad::next)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("second")
                    .hasMessageContaining("person")
                    .hasMessageContaining("audit.users, orders, users");
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)");
            assertThat(good.allChanges()).containsExactly("insert users:1 {id=1}");
            assertThatThrownBy(() -> source.subscribe(
                            SubscriptionSettings.forQuery("third").withLabels("person")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("person")
                    .hasMessageContaining("audit.users, orders, users");
        }
    }

    @SomeVersion
    void refusesTheIdOfAnOpenSubscription(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder first = fixture.record(source, FIRST);
            assertThatThrownBy(() -> source.subscribe(FIRST))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'first' is open already");
            first.close();
            fixture.record(source, FIRST);
        }
    }

    @SomeVersion
    void waitsForASubscriptionAndStreamsForIt(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            source.start();
            Await.until(
                    "the source waits for a subscription", () -> source.status().status() == ComponentStatus.RUNNING);
            assertThat(source.status().message()).contains("waits for a subscription");
            assertThat(source.slotExists()).isFalse();
            fixture.execute("INSERT INTO users VALUES (1)");
            Recorder recorder = fixture.record(source, FIRST.withBootstrap());
            assertThat(recorder.snapshot().readable()).containsExactly("insert users:1 {id=1}");
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert users:2 {id=2}");
        }
    }

    @SomeVersion
    void goesOnWhereTheLastSubscriptionLeft(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder first = fixture.record(source, FIRST, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(
                    "INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2)", "INSERT INTO users VALUES (3)");
            first.confirm(first.transaction());
            first.transaction();
            first.close();
            fixture.execute("INSERT INTO users VALUES (4)");
            Recorder second = fixture.record(source, SECOND);
            assertThat(second.changes()).containsExactly("insert users:2 {id=2}");
            assertThat(second.changes()).containsExactly("insert users:3 {id=3}");
            assertThat(second.changes()).containsExactly("insert users:4 {id=4}");
            assertThat(second.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void joinsALaterSubscriptionWithoutGapOrOverlap(int version) {
        try (SourceFixture fixture = shop(version)) {
            fixture.execute("INSERT INTO users VALUES (1)");
            Recorder first = fixture.bootstrap();
            first.snapshot();
            fixture.execute("INSERT INTO users VALUES (2)");
            Recorder second = fixture.record(first.source(), SECOND.withBootstrap());
            Recorder.Snapshot snapshot = second.snapshot();
            assertThat(snapshot.readable()).containsExactly("insert users:1 {id=1}", "insert users:2 {id=2}");
            fixture.execute("INSERT INTO users VALUES (3)");
            assertThat(first.allChanges()).containsExactly("insert users:2 {id=2}", "insert users:3 {id=3}");
            assertThat(second.allChanges()).containsExactly("insert users:3 {id=3}");
        }
    }

    @SomeVersion
    void tellsABroadcastSubscriberHowMuchItLost(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withDispatchMode(DispatchMode.BROADCAST).withDispatchBufferCapacity(2));
            Recorder fast = fixture.record(source, FIRST);
            Recorder slow = fixture.record(source, SECOND);
            source.start();
            fixture.awaitStreaming(source);
            for (int i = 1; i <= 5; i++) {
                fixture.execute("INSERT INTO users VALUES (" + i + ")");
                assertThat(fast.changes()).containsExactly("insert users:" + i + " {id=" + i + "}");
            }
            assertThat(fast.catchUp()).isEmpty();
            assertThatThrownBy(slow::next).isInstanceOfSatisfying(SubscriptionLaggedException.class, lagged -> {
                assertThat(lagged.lostEvents()).isEqualTo(5);
                assertThat(lagged).hasMessageContaining("second").hasMessageContaining("5 events were dropped");
                assertThat(lagged.retryable()).isFalse();
            });
            assertThatThrownBy(slow::next).isInstanceOf(SubscriptionLaggedException.class);
            fixture.execute("INSERT INTO users VALUES (6)");
            assertThat(fast.allChanges()).containsExactly("insert users:6 {id=6}");
        }
    }

    @SomeVersion
    void holdsTheStreamBackForASlowChannelSubscriber(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withDispatchBufferCapacity(2));
            Recorder recorder = fixture.record(source, FIRST);
            source.start();
            fixture.awaitStreaming(source);
            for (int i = 1; i <= 20; i++) {
                fixture.execute("INSERT INTO users VALUES (" + i + ")");
            }
            Lsn end = fixture.walEnd();
            SourceTraces.awaitThreadAtFullQueue();
            SourceEvent.Transaction first = recorder.transaction();
            assertThat(end.isAfter(source.handedOverLsn())).isTrue();
            assertThat(Recorder.readable(first)).containsExactly("insert users:1 {id=1}");
            List<String> rest = recorder.allChanges();
            assertThat(rest).hasSize(19).endsWith("insert users:20 {id=20}").doesNotHaveDuplicates();
        }
    }

    @SomeVersion
    void refusesToConfirmWhatWasNotGiven(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, FIRST, false);
            source.start();
            fixture.awaitStreaming(source);
            assertThatThrownBy(() -> recorder.subscription().confirm(new Position(1, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("nothing yet");
            fixture.execute("INSERT INTO users VALUES (1), (2)", "INSERT INTO users VALUES (3)");
            SourceEvent.Transaction first = recorder.transaction();
            assertThatThrownBy(() -> recorder.subscription().confirm(new Position(first.commitLsn(), 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(first.position().toString());
            assertThatThrownBy(() -> recorder.subscription().confirm(new Position(first.endLsn(), 0)))
                    .isInstanceOf(IllegalArgumentException.class);
            recorder.subscription().confirm(first.position());
            recorder.subscription().confirm(new Position(first.commitLsn(), 0));
            recorder.subscription().confirm(Position.before(1));
            SourceEvent.Transaction second = recorder.transaction();
            recorder.subscription().confirm(second.position());
        }
    }

    @SomeVersion
    void resumesAfterAPositionInsideATransaction(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, FIRST, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(
                    "BEGIN; INSERT INTO users VALUES (1), (2), (3); UPDATE users SET id = 4 WHERE id = 3; DELETE FROM users"
                            + " WHERE id = 1; COMMIT",
                    "INSERT INTO users VALUES (9)");
            SourceEvent.Transaction transaction = recorder.transaction();
            for (long ordinal = 0; ordinal <= transaction.position().ordinal(); ordinal++) {
                fixture.closeSources();
                PostgresReplicationSource again = fixture.source(fixture.builder());
                Position position = new Position(transaction.commitLsn(), ordinal);
                Recorder resumed = fixture.record(again, FIRST.withResumeFrom(position), false);
                again.start();
                List<String> expected = Recorder.placed(transaction).stream()
                        .filter(change -> change.position().compareTo(position) > 0)
                        .map(change -> ReadableChange.of(change.change()))
                        .toList();
                if (!expected.isEmpty()) {
                    SourceEvent.Transaction rest = resumed.transaction();
                    assertThat(Recorder.readable(rest)).isEqualTo(expected);
                    assertThat(rest.position()).isEqualTo(transaction.position());
                    assertThat(Recorder.placed(rest).get(0).position().ordinal())
                            .isEqualTo(ordinal + 1);
                }
                assertThat(resumed.changes()).containsExactly("insert users:9 {id=9}");
            }
        }
    }

    @SomeVersion
    void endsTheSubscriptionsOfASourceThatIsStopped(int version) throws InterruptedException {
        try (SourceFixture fixture = shop(version)) {
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO users VALUES (1)");
            assertThat(recorder.changes()).hasSize(1);
            recorder.source().stop();
            assertThat(recorder.source().status().status()).isEqualTo(ComponentStatus.STOPPED);
            assertThat(recorder.subscription().ended()).isTrue();
            assertThat(recorder.subscription().poll(Duration.ofSeconds(5))).isEmpty();
            assertThat(recorder.subscription().iterator().hasNext()).isFalse();
        }
    }

    private static SourceFixture shop(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE SCHEMA audit",
                "CREATE TABLE users (id int PRIMARY KEY)",
                "CREATE TABLE orders (id int PRIMARY KEY)",
                "CREATE TABLE audit.users (id int PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }
}
