// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.testkit.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Flow subscribers: what they get for their requests, what they confirm, and what becomes of those that are slow, throw or cancel. */
class PublisherIT {
    private static final SubscriptionSettings QUERY = SubscriptionSettings.forQuery("published");

    @SomeVersion
    void feedsAnAsynchronousChainThatConfirmsAtItsEnd(int version) {
        ExecutorService worker = Executors.newSingleThreadExecutor();
        try (SourceFixture fixture = SourceFixture.on(version)) {
            Writers.createTables(fixture.database(), 1000);
            fixture.publishAllTables();
            DeliveryCheck check = new DeliveryCheck();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Subscription subscription = source.subscribe(QUERY.withBootstrap());
            Signals signals = new Signals();
            signals.onEvent = event -> worker.execute(() -> {
                check.accept(event);
                subscription.confirm(event);
                signals.request(1);
            });
            subscription.publisher().subscribe(signals);
            signals.request(8);
            source.start();
            try (Writers writers = Writers.start(fixture.database(), 2, 32)) {
                Await.until("transactions", () -> check.transactions() >= 100);
                writers.stop();
            }
            long mark = Follower.mark(fixture.database());
            Await.until("the last one", () -> check.has("marks", mark));
            check.assertEqualsTables(fixture.database());
            fixture.awaitConfirmed(fixture.walEnd());
            assertThat(signals.failure()).isNull();
            source.stop();
            Await.until("the end", signals::completed);
        } finally {
            worker.shutdownNow();
        }
    }

    @SomeVersion
    void givesAgainWhatWasNotConfirmedWhenItWasCancelled(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Subscription subscription = source.subscribe(QUERY);
            Signals signals = new Signals();
            subscription.publisher().subscribe(signals);
            source.start();
            fixture.awaitStreaming(source);
            UsersTable.insert(fixture, 1, 5);
            signals.request(3);
            Await.until("three came", () -> signals.given().size() == 3);
            assertThat(signals.given()).isEqualTo(UsersTable.inserts(1, 3));
            subscription.confirm(signals.events().get(1));
            signals.cancel();
            assertThat(signals.completed()).isFalse();
            Signals again = new Signals();
            source.subscribe(QUERY).publisher().subscribe(again);
            again.request(Long.MAX_VALUE);
            Await.until("the rest came", () -> again.given().size() == 3);
            assertThat(again.given()).isEqualTo(UsersTable.inserts(3, 5));
            assertThat(signals.given()).hasSize(3);
        }
    }

    @SomeVersion
    void endsWithASubscriberThatThrowsAndTheNextGetsTheSameTransaction(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Subscription subscription = source.subscribe(QUERY);
            LinkedBlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
            Signals signals = new Signals();
            signals.onEvent = event -> {
                Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
                throw new IllegalStateException("does not work");
            };
            subscription.publisher().subscribe(signals);
            signals.request(Long.MAX_VALUE);
            source.start();
            fixture.awaitStreaming(source);
            UsersTable.insert(fixture, 1, 2);
            Await.untilPresent("the exception", () -> Optional.ofNullable(uncaught.poll()));
            assertThat(subscription.ended()).isTrue();
            Recorder again = fixture.record(source, QUERY);
            assertThat(again.allChanges()).isEqualTo(UsersTable.inserts(1, 2));
        }
    }

    @SomeVersion
    void holdsTheStreamBackForOneThatRequestsLittle(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withDispatchBufferCapacity(2));
            Signals signals = new Signals();
            source.subscribe(QUERY).publisher().subscribe(signals);
            source.start();
            fixture.awaitStreaming(source);
            UsersTable.insert(fixture, 1, 20);
            Lsn end = fixture.walEnd();
            SourceTraces.awaitThreadAtFullQueue();
            assertThat(end.isAfter(source.handedOverLsn())).isTrue();
            assertThat(signals.given()).isEmpty();
            for (int i = 1; i <= 20; i++) {
                signals.request(1);
                int count = i;
                Await.until("one more", () -> signals.given().size() == count);
            }
            assertThat(signals.given()).isEqualTo(UsersTable.inserts(1, 20));
        }
    }

    @SomeVersion
    void tellsOneThatLaggedInABroadcastWithItsNextRequest(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withDispatchMode(DispatchMode.BROADCAST).withDispatchBufferCapacity(2));
            Recorder fast = fixture.record(source, SubscriptionSettings.forQuery("fast"));
            Signals signals = new Signals();
            source.subscribe(QUERY).publisher().subscribe(signals);
            source.start();
            fixture.awaitStreaming(source);
            for (int i = 1; i <= 5; i++) {
                UsersTable.insert(fixture, i, i);
                assertThat(fast.changes()).isEqualTo(UsersTable.inserts(i, i));
            }
            assertThat(fast.catchUp()).isEmpty();
            signals.request(1);
            Await.until("the failure", () -> signals.failure() != null);
            assertThat(signals.failure())
                    .isInstanceOfSatisfying(
                            SubscriptionLaggedException.class,
                            lagged -> assertThat(lagged.lostEvents()).isEqualTo(5));
            assertThat(signals.given()).isEmpty();
        }
    }

    @SomeVersion
    void completesWithoutARequestWhenTheSourceStops(int version) {
        try (SourceFixture fixture = UsersTable.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Signals signals = new Signals();
            source.subscribe(QUERY).publisher().subscribe(signals);
            source.start();
            fixture.awaitStreaming(source);
            source.stop();
            Await.until("the end", signals::completed);
            assertThat(signals.failure()).isNull();
        }
    }

    @SomeVersion
    void hearsWhyTheSourceFailed(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Signals signals = new Signals();
            source.subscribe(QUERY).publisher().subscribe(signals);
            signals.request(1);
            source.start();
            Await.until("the failure", () -> signals.failure() != null);
            assertThat(signals.failure())
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("publication \"drasi_publication\" does not exist");
            assertThat(signals.completed()).isFalse();
        }
    }

    /** A subscriber that keeps what it gets, and requests what the test says. */
    private static final class Signals implements Flow.Subscriber<SourceEvent> {
        private final List<SourceEvent> events = new ArrayList<>();
        private volatile Consumer<SourceEvent> onEvent = event -> {};
        private Flow.@Nullable Subscription upstream;
        private @Nullable Throwable failure;
        private boolean completed;

        void request(long n) {
            upstream().request(n);
        }

        void cancel() {
            upstream().cancel();
        }

        private Flow.Subscription upstream() {
            Await.until("onSubscribe", () -> {
                synchronized (this) {
                    return upstream != null;
                }
            });
            synchronized (this) {
                return upstream;
            }
        }

        synchronized List<SourceEvent> events() {
            return List.copyOf(events);
        }

        /** The changes of the transactions, as {@link ReadableChange} writes them. */
        List<String> given() {
            return events().stream()
                    .flatMap(event -> Recorder.readable((SourceEvent.Transaction) event).stream())
                    .toList();
        }

        synchronized @Nullable Throwable failure() {
            return failure;
        }

        synchronized boolean completed() {
            return completed;
        }

        @Override
        public synchronized void onSubscribe(Flow.Subscription subscription) {
            upstream = subscription;
        }

        @Override
        public void onNext(SourceEvent event) {
            synchronized (this) {
                events.add(event);
            }
            onEvent.accept(event);
        }

        @Override
        public synchronized void onError(Throwable cause) {
            failure = cause;
        }

        @Override
        public synchronized void onComplete() {
            completed = true;
        }
    }
}
