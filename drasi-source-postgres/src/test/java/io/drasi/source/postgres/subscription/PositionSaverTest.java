// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.PositionStore;
import io.drasi.model.PositionStoreException;
import io.drasi.model.SourceEvent;
import io.drasi.model.StoredPosition;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.GatedStore;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.transaction.TransactionFixture;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PositionSaverTest {
    private static final Duration NOW = Duration.ZERO;
    private static final Lsn FAR = new Lsn(1_000_000);
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery("q").withBootstrap();
    private static final String FIRST_TIMELINE = "PostgreSQL system 7, slot drasi, timeline 1";

    private final GatedStore store = new GatedStore();
    private Subscriptions subscriptions = subscriptions(store, Duration.ofSeconds(10));

    private static Subscriptions subscriptions(PositionStore store, Duration longestEnd) {
        return new Subscriptions(
                "source",
                new QueueLimits(DispatchMode.CHANNEL, 10, Long.MAX_VALUE),
                false,
                () -> {},
                () -> {},
                Optional.of(new PositionSaver("source", store, longestEnd)),
                new SourceMeter(InstantSource.system()));
    }

    private static ReadLog log(long timeline, Map<Long, Lsn> leftAt) {
        return new ReadLog("7", "drasi", new TimelineHistory(timeline, leftAt), "server", false);
    }

    private void begin() {
        subscriptions.begin();
        subscriptions.saver().orElseThrow().begin("saver", () -> {}, () -> {});
        subscriptions.resumptions().reads(log(1, Map.of()));
    }

    /** A run with a slot that stands at 100. */
    private SourceSubscription streaming(SubscriptionSettings settings) {
        begin();
        SourceSubscription subscription = subscriptions.open(settings);
        subscriptions.resumptions().slotStandsAt(new Lsn(100), false);
        subscriptions.holdAt(new Lsn(100));
        subscriptions.beginStream();
        return subscription;
    }

    private void handOutAndConfirm(SourceSubscription subscription, long commitLsn) throws InterruptedException {
        subscriptions.handOut(TransactionFixture.transaction(commitLsn, commitLsn + 10, "users", 1));
        SourceEvent event = subscription.poll(NOW).orElseThrow();
        subscription.confirm(((SourceEvent.Transaction) event).position());
    }

    private Position bootstrap(SourceSubscription subscription, long lsn) throws InterruptedException {
        Position position = Position.before(lsn);
        subscriptions
                .startBootstrap(
                        new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")),
                        new Lsn(lsn),
                        false)
                .complete(position);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapCompleted.class);
        return position;
    }

    private void awaitStored(Position position, String origin) {
        Await.until("it is stored", () -> store.load("q").equals(Optional.of(new StoredPosition(position, origin))));
    }

    @AfterEach
    void end() {
        store.open();
        subscriptions.endAll(null);
        subscriptions.saveFinally();
    }

    @Test
    void storesAgainWithTheNewTimelineWhatIsOfTheOldOne() throws Exception {
        SourceSubscription subscription = streaming(SubscriptionSettings.forQuery("q"));
        handOutAndConfirm(subscription, 200);
        awaitStored(Position.before(210), FIRST_TIMELINE);
        subscriptions.resumptions().reads(log(2, Map.of(1L, new Lsn(300))));
        awaitStored(Position.before(210), "PostgreSQL system 7, slot drasi, timeline 2");
    }

    @Test
    void forgetsAPositionOfALogThatAPromotionLost() throws Exception {
        SourceSubscription subscription = streaming(SubscriptionSettings.forQuery("q"));
        handOutAndConfirm(subscription, 200);
        awaitStored(Position.before(210), FIRST_TIMELINE);
        subscriptions.resumptions().logForksAt(new Lsn(150));
        assertThatThrownBy(() -> subscription.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
        subscriptions.saveFinally();
        assertThat(store.load("q")).isEmpty();
    }

    @Test
    void refusesAStoredPositionThatTheServersTimelineDoesNotHave() {
        store.save(Map.of("q", new StoredPosition(new Position(200, 0), FIRST_TIMELINE)));
        begin();
        SourceSubscription early = subscriptions.open(SubscriptionSettings.forQuery("q"));
        subscriptions.resumptions().reads(log(2, Map.of(1L, new Lsn(150))));
        assertThatThrownBy(() -> early.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("subscription 'q' can't go on from 0/C8:0: the server was promoted when it had");
        SourceSubscription late = subscriptions.open(SubscriptionSettings.forQuery("q"));
        assertThatThrownBy(() -> late.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
        assertThat(store.load("q").orElseThrow().position()).isEqualTo(new Position(200, 0));
    }

    @Test
    void doesNotStoreAPositionThatDoesNotFitTheTransaction() throws Exception {
        StoredPosition wrong = new StoredPosition(new Position(200, 7), FIRST_TIMELINE);
        store.save(Map.of("q", wrong));
        SourceSubscription subscription = streaming(SubscriptionSettings.forQuery("q"));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 2));
        assertThatThrownBy(() -> subscription.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("wants to go on from 0/C8:7, but the transaction there ends at 0/C8:1");
        subscriptions.saveFinally();
        assertThat(store.load("q")).contains(wrong);
    }

    /** The mark that a bootstrap is owed is made while the bootstrap of somebody else ends, and is confirmed. */
    @Test
    void keepsThePositionOfABootstrapThatIsConfirmedWhileItWouldBeForgotten() throws Exception {
        begin();
        SourceSubscription subscription = subscriptions.open(BOOTSTRAP);
        subscriptions.resumptions().slotStartsAt(new Lsn(100));
        Position position = bootstrap(subscription, 100);
        subscription.confirm(position);
        awaitStored(position, FIRST_TIMELINE);
        subscriptions.owed();
        subscriptions.forget(subscription);
        assertThat(store.load("q")).isPresent();
        subscription.storeNoMore();
        subscriptions.forget(subscription);
        assertThat(store.load("q")).isEmpty();
    }

    /** The log of a server that was restored may be at an earlier place. */
    @Test
    void tellsTheServerNothingThatIsSavedOfAnotherSlotOnly() throws Exception {
        begin();
        SourceSubscription subscription = subscriptions.open(BOOTSTRAP);
        subscriptions.resumptions().slotStartsAt(new Lsn(100));
        subscription.confirm(bootstrap(subscription, 100));
        subscriptions.beginStream();
        handOutAndConfirm(subscription, 500);
        Await.until("it is saved", () -> subscriptions.confirmedUpTo(FAR).equals(FAR));
        subscription.startOver();
        subscriptions.resumptions().slotStartsAt(new Lsn(50));
        subscription.confirm(bootstrap(subscription, 50));
        store.shut();
        handOutAndConfirm(subscription, 60);
        assertThat(subscriptions.confirmedUpTo(new Lsn(80))).isEqualTo(Lsn.INVALID);
        store.open();
        Await.until(
                "it is saved", () -> subscriptions.confirmedUpTo(new Lsn(80)).equals(new Lsn(80)));
    }

    /** Whether its position is one at all is known when the stream begins. */
    @Test
    void doesNotStoreAPositionOfASubscribersOwnBeforeTheStreamHasWhatFollows() throws Exception {
        StoredPosition known = new StoredPosition(new Position(150, 0), FIRST_TIMELINE);
        store.save(Map.of("q", known));
        SourceSubscription other = streaming(SubscriptionSettings.forQuery("other"));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        SourceEvent event = other.poll(NOW).orElseThrow();
        SourceSubscription beyond =
                subscriptions.open(SubscriptionSettings.forQuery("q").withResumeFrom(new Position(900, 0)));
        other.confirm(((SourceEvent.Transaction) event).position());
        Await.until(
                "the other's is stored",
                () -> store.load("other")
                        .filter(stored -> stored.position().equals(Position.before(210)))
                        .isPresent());
        subscriptions.resumptions().logEndsAt(new Lsn(500));
        assertThatThrownBy(() -> beyond.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
        subscriptions.saveFinally();
        assertThat(store.load("q")).contains(known);
    }

    @Test
    void storesAPositionOfASubscribersOwnOnceTheStreamHasBegun() throws Exception {
        SourceSubscription subscription =
                streaming(SubscriptionSettings.forQuery("q").withResumeFrom(new Position(150, 0)));
        handOutAndConfirm(subscription, 200);
        awaitStored(Position.before(210), FIRST_TIMELINE);
    }

    @Test
    void saysOfWhateverTheStoreThrowsThatPositionsAreNotSaved() throws Exception {
        subscriptions = subscriptions(new BrokenStore(), Duration.ofSeconds(10));
        SourceSubscription subscription = streaming(SubscriptionSettings.forQuery("q"));
        handOutAndConfirm(subscription, 200);
        PositionSaver saver = subscriptions.saver().orElseThrow();
        Await.untilAsserted(
                "the failure is known",
                () -> assertThatThrownBy(saver::throwIfFailed)
                        .isInstanceOf(PositionsNotSavedException.class)
                        .hasMessageContaining("java.lang.AssertionError: a bug of the store"));
    }

    @Test
    @Timeout(60)
    void doesNotWaitForEverForAStoreThatHangs() throws Exception {
        subscriptions = subscriptions(store, Duration.ofMillis(100));
        SourceSubscription subscription = streaming(SubscriptionSettings.forQuery("q"));
        store.shut();
        handOutAndConfirm(subscription, 200);
        Await.until("it is being saved", store::waiting);
        assertThatThrownBy(() -> subscriptions.save(FAR))
                .isInstanceOf(PositionsNotSavedException.class)
                .hasMessageContaining("the position store does not answer");
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("next")))
                .isInstanceOf(PositionStoreException.class);
        subscription.close();
        subscriptions.saveFinally();
        assertThat(store.load("q")).isEmpty();
    }

    private static final class BrokenStore implements PositionStore {
        @Override
        public Optional<StoredPosition> load(String queryId) {
            return Optional.empty();
        }

        @Override
        public void save(Map<String, StoredPosition> positions) {
            throw new AssertionError("a bug of the store");
        }

        @Override
        public void remove(String queryId) {
            throw new AssertionError("a bug of the store");
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
