// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.EventHandler;
import io.drasi.model.FailurePolicy;
import io.drasi.model.Handling;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.testkit.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Handlers: what they are given, what is confirmed for them, and what becomes of those that are slow, throw or are closed. */
class HandlerIT {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final FailurePolicy SOON = FailurePolicy.retry(Duration.ofMillis(20), Duration.ofMillis(50));
    private static final SubscriptionSettings QUERY = SubscriptionSettings.forQuery("handled");

    @SomeVersion
    void goesOnAfterARestartWithWhatWasNotHandled(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            Writers.createTables(fixture.database(), 1000);
            fixture.publishAllTables();
            DeliveryCheck check = new DeliveryCheck();
            PostgresReplicationSource first = fixture.source(fixture.builder());
            Handling handling = first.subscribe(QUERY.withBootstrap()).handle(check::accept, SOON);
            first.start();
            try (Writers writers = Writers.start(fixture.database(), 2, 30)) {
                awaitTransactions(check, 50);
                writers.stop();
            }
            awaitMark(check, Follower.mark(fixture.database()));
            Lsn end = fixture.walEnd();
            fixture.awaitConfirmed(end);
            first.stop();
            assertThat(handling.done()).succeedsWithin(LONG);

            Follower.mark(fixture.database());
            PostgresReplicationSource second = fixture.source(fixture.builder());
            try (Handling again = second.subscribe(QUERY).handle(check::accept, SOON)) {
                second.start();
                awaitMark(check, Follower.mark(fixture.database()));
                assertThat(again.done()).isNotDone();
            }
            check.assertEqualsTables(fixture.database());
            assertThat(check.bootstraps()).isEqualTo(1);
            assertThat(check.repeated()).isZero();
        }
    }

    /** A check that may not repeat fails the handler, and with it the handling, if anything comes twice or is left out. */
    @SomeVersion
    void losesAndRepeatsNothingWhenItIsClosedInTheMiddle(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            Writers.createTables(fixture.database(), 100);
            fixture.publishAllTables();
            DeliveryCheck check = new DeliveryCheck();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Handling handling = source.subscribe(QUERY.withBootstrap()).handle(check::accept, FailurePolicy.end());
            source.start();
            try (Writers writers = Writers.start(fixture.database(), 2, 31)) {
                for (int turn = 1; turn <= 5; turn++) {
                    awaitTransactions(check, check.transactions() + 20);
                    handling.close();
                    assertThat(handling.done()).isCompletedWithValue(null);
                    handling = source.subscribe(QUERY).handle(check::accept, FailurePolicy.end());
                }
                writers.stop();
            }
            awaitMark(check, Follower.mark(fixture.database()));
            check.assertEqualsTables(fixture.database());
            assertThat(handling.done()).isNotDone();
            handling.close();
        }
    }

    @SomeVersion
    void givesTheSameTransactionAgainAfterAThrow(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            List<SourceEvent.Transaction> given = new CopyOnWriteArrayList<>();
            AtomicBoolean healthy = new AtomicBoolean();
            EventHandler failsWithTheSecond = event -> {
                SourceEvent.Transaction transaction = (SourceEvent.Transaction) event;
                given.add(transaction);
                if (Recorder.readable(transaction).get(0).startsWith("insert users:2 ") && !healthy.get()) {
                    throw new IOException("not now");
                }
            };
            try (Handling handling = source.subscribe(QUERY).handle(failsWithTheSecond, SOON)) {
                source.start();
                fixture.awaitStreaming(source);
                UsersTable.insert(fixture, 1, 3);
                Await.until("it has failed some times", () -> given.size() >= 5);
                SourceEvent.Transaction first = given.get(0);
                SourceEvent.Transaction second = given.get(1);
                fixture.awaitConfirmed(new Lsn(first.endLsn()));
                assertThat(fixture.confirmedFlushLsn().orElseThrow().isBefore(new Lsn(second.endLsn())))
                        .isTrue();
                healthy.set(true);
                Await.until("the third", () -> given.get(given.size() - 1).commitLsn() != second.commitLsn());
                fixture.awaitConfirmed(new Lsn(given.get(given.size() - 1).endLsn()));
                assertThat(given.subList(1, given.size() - 1)).containsOnly(second);
                assertThat(Recorder.readable(given.get(given.size() - 1))).containsExactly("insert users:3 {id=3}");
                assertThat(handling.done()).isNotDone();
            }
        }
    }

    @SomeVersion
    void endsWithAThrowAndAnotherHandlerGetsTheSameTransaction(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            IOException failure = new IOException("no space");
            List<String> given = new CopyOnWriteArrayList<>();
            EventHandler failsOnce = event -> {
                given.addAll(Recorder.readable((SourceEvent.Transaction) event));
                if (given.size() == 2) {
                    throw failure;
                }
            };
            Handling handling = source.subscribe(QUERY).handle(failsOnce, FailurePolicy.end());
            source.start();
            fixture.awaitStreaming(source);
            UsersTable.insert(fixture, 1, 3);
            assertThatThrownBy(() -> handling.done().join()).hasCause(failure);
            try (Handling again = source.subscribe(QUERY).handle(failsOnce, FailurePolicy.end())) {
                Await.until("all came", () -> given.size() == 4);
                assertThat(given)
                        .containsExactly(
                                "insert users:1 {id=1}",
                                "insert users:2 {id=2}",
                                "insert users:2 {id=2}",
                                "insert users:3 {id=3}");
                assertThat(again.done()).isNotDone();
            }
        }
    }

    @SomeVersion
    void holdsTheStreamBackWhileItIsSlow(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withDispatchBufferCapacity(2));
            Slow slow = new Slow();
            try (Handling handling = source.subscribe(QUERY).handle(slow, SOON)) {
                source.start();
                fixture.awaitStreaming(source);
                UsersTable.insert(fixture, 1, 20);
                Lsn end = fixture.walEnd();
                SourceTraces.awaitThreadAtFullQueue();
                assertThat(end.isAfter(source.handedOverLsn())).isTrue();
                assertThat(slow.given).hasSize(1);
                slow.free.countDown();
                Await.until("all came", () -> slow.given.size() == 20);
                assertThat(slow.given).isEqualTo(UsersTable.inserts(1, 20));
                fixture.awaitConfirmed(end);
                assertThat(handling.done()).isNotDone();
            }
        }
    }

    @SomeVersion
    void hearsThatItLaggedInABroadcast(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withDispatchMode(DispatchMode.BROADCAST).withDispatchBufferCapacity(2));
            Recorder fast = fixture.record(source, SubscriptionSettings.forQuery("fast"));
            Slow slow = new Slow();
            Handling handling = source.subscribe(QUERY).handle(slow, SOON);
            source.start();
            fixture.awaitStreaming(source);
            for (int i = 1; i <= 6; i++) {
                UsersTable.insert(fixture, i, i);
                assertThat(fast.changes()).isEqualTo(UsersTable.inserts(i, i));
                Await.until("the first one was taken", () -> !slow.given.isEmpty());
            }
            assertThat(fast.catchUp()).isEmpty();
            assertThat(handling.done()).isNotDone();
            slow.free.countDown();
            assertThatThrownBy(() -> handling.done().join())
                    .cause()
                    .isInstanceOfSatisfying(
                            SubscriptionLaggedException.class,
                            lagged -> assertThat(lagged.lostEvents()).isEqualTo(5));
            assertThat(slow.given).isEqualTo(UsersTable.inserts(1, 1));
        }
    }

    /** Neither stopping nor closing the source waits for it. */
    @SomeVersion
    void isLeftBehindByTheSourceWhileItIsStuck(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Slow slow = new Slow();
            Handling handling = source.subscribe(QUERY).handle(slow, SOON);
            source.start();
            fixture.awaitStreaming(source);
            UsersTable.insert(fixture, 1, 3);
            Await.until("it is stuck", () -> !slow.given.isEmpty());
            source.stop();
            source.close();
            assertThat(handling.done()).isNotDone();
            slow.free.countDown();
            assertThat(handling.done()).succeedsWithin(LONG);
            assertThat(slow.given).isEqualTo(UsersTable.inserts(1, 1));

            PostgresReplicationSource next = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(next, QUERY);
            next.start();
            assertThat(recorder.changes()).containsExactly("insert users:1 {id=1}");
        }
    }

    @SomeVersion
    void hearsWhyTheSourceFailed(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Subscription subscription = source.subscribe(QUERY);
            Handling handling = subscription.handle(event -> {}, SOON);
            source.start();
            assertThatThrownBy(() -> handling.done().join())
                    .cause()
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("publication \"drasi_publication\" does not exist");
            assertThat(subscription.ended()).isTrue();
        }
    }

    /** Is stuck with its first event until it is freed. */
    private static final class Slow implements EventHandler {
        private final CountDownLatch free = new CountDownLatch(1);
        private final List<String> given = new CopyOnWriteArrayList<>();

        @Override
        public void handle(SourceEvent event) throws InterruptedException {
            given.addAll(Recorder.readable((SourceEvent.Transaction) event));
            free.await();
        }
    }

    private static void awaitTransactions(DeliveryCheck check, long count) {
        Await.until(count + " transactions", () -> check.transactions() >= count);
    }

    private static void awaitMark(DeliveryCheck check, long mark) {
        Await.until("mark " + mark, () -> check.has("marks", mark));
    }
}
