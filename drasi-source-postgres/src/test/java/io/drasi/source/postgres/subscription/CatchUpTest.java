// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.GatedStore;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.TransactionFixture;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Subscribers with a bootstrap at 500 beside a stream, and how they come to share that. */
class CatchUpTest {
    private static final ReadLog LOG = new ReadLog("7", "drasi", new TimelineHistory(1, Map.of()), "server", false);
    private static final Duration NOW = Duration.ZERO;
    private static final Lsn FAR = new Lsn(1_000_000);
    private static final Position POSITION = Position.before(500);

    private final AtomicInteger joined = new AtomicInteger();
    private final AtomicInteger changed = new AtomicInteger();
    private Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 2);

    @Test
    void joinsWhereNeitherStreamHasSomethingThatTheOtherLacks() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        handOut(subscriptions, early, 600);
        handOut(subscriptions, early, 700);
        catchUp.handOut(transaction(600));
        catchUp.reached(new Lsn(610));
        assertThat(joined).as("700 is still to come").hasValue(0);
        catchUp.handOut(transaction(700));
        catchUp.reached(new Lsn(700));
        assertThat(joined).as("700 may not have come").hasValue(0);
        catchUp.reached(new Lsn(710));
        assertThat(joined).hasValue(1);
        assertThat(commits(late)).containsExactly(600L, 700L);
        handOut(subscriptions, early, 800);
        assertThat(commits(late)).containsExactly(800L);
    }

    @Test
    void isNotGivenTwiceWhatTheSharedStreamBringsAfterIt() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        catchUp.handOut(transaction(600));
        catchUp.reached(new Lsn(650));
        assertThat(joined).hasValue(1);
        handOut(subscriptions, early, 600);
        handOut(subscriptions, early, 700);
        assertThat(commits(late)).containsExactly(600L, 700L);
    }

    @Test
    void isHeldBackByAFullQueueWhichHoldsNobodyElseBack() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        Thread own = start(() -> List.of(600, 700, 800, 900).forEach(commit -> catchUp.handOut(transaction(commit))));
        awaitWaiting(own);
        for (int commit = 600; commit < 5000; commit += 100) {
            handOut(subscriptions, early, commit);
        }
        List<Long> commits = commits(late);
        assertThat(commits).startsWith(600L, 700L);
        join(own);
        commits.addAll(commits(late));
        assertThat(commits).containsExactly(600L, 700L, 800L, 900L);
    }

    @Test
    void hasNoMoreThanTheCapacityInItsQueue() throws Exception {
        early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        CatchUp catchUp = new CatchUp(subscriptions, receivers, Map::of, joined::incrementAndGet);
        Thread own = start(() -> {
            for (int i = 0; i < 10; i++) {
                receivers.put(new SourceEvent.BootstrapBatch("users", List.of()));
            }
            receivers.complete(POSITION);
            List.of(600, 700, 800, 900).forEach(commit -> catchUp.handOut(transaction(commit)));
        });
        int events = 0;
        while (own.isAlive()) {
            Await.until("it waits", () -> !own.isAlive() || own.getState() == Thread.State.WAITING);
            assertThat(late.waiting()).isLessThanOrEqualTo(2);
            events += late.poll(NOW).isPresent() ? 1 : 0;
        }
        while (late.poll(NOW).isPresent()) {
            events++;
        }
        assertThat(events).isEqualTo(1 + 10 + 1 + 4);
    }

    /** Else one that comes late would lag at once: its stream brings what has committed as fast as the server can. */
    @Test
    void doesNotLagBehindABroadcastWhileItCatchesUp() throws Exception {
        subscriptions = subscriptions(DispatchMode.BROADCAST, 2);
        SourceSubscription early = early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        Thread own = start(() -> {
            List.of(600, 700, 800, 900).forEach(commit -> catchUp.handOut(transaction(commit)));
            catchUp.reached(new Lsn(950));
        });
        awaitWaiting(own);
        handOut(subscriptions, early, 600);
        assertThat(poll(late)).isEqualTo(600);
        assertThat(poll(late)).isEqualTo(700);
        join(own);
        assertThat(joined).hasValue(1);
        handOut(subscriptions, early, 1000);
        handOut(subscriptions, early, 1100);
        assertThat(commits(late)).containsExactly(800L, 900L, 1000L, 1100L);
        handOut(subscriptions, early, 1200);
        handOut(subscriptions, early, 1300);
        handOut(subscriptions, early, 1400);
        assertThatThrownBy(() -> late.poll(NOW))
                .isInstanceOfSatisfying(
                        SubscriptionLaggedException.class,
                        lagged -> assertThat(lagged.lostEvents()).isEqualTo(3));
    }

    /** The transaction that the shared stream is handing out comes after some that the late one has not been given. */
    @Test
    void isNotGivenWhatIsBeingHandedOutWhenItsOwnStreamBreaks() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        receivers.complete(POSITION);
        commits(late);
        subscriptions.handOut(transaction(600));
        subscriptions.handOut(transaction(700));
        Thread shared = start(() -> subscriptions.handOut(transaction(800)));
        awaitWaiting(shared);
        subscriptions.besideStream().joinAgain(receivers, Map.of());
        assertThat(commits(early)).startsWith(600L, 700L);
        join(shared);
        assertThat(commits(late)).isEmpty();
        assertThat(subscriptions.paused()).isTrue();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(Lsn.INVALID);
        subscriptions.beginStream();
        commits(early);
        handOut(subscriptions, early, 600);
        handOut(subscriptions, early, 700);
        assertThat(commits(late)).containsExactly(600L, 700L);
        assertThat(commits(early)).isEmpty();
    }

    @Test
    void isToldASchemaChangeThatTheSharedStreamRepeatsThoughThatHasBegunAgainBefore() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        receivers.complete(POSITION);
        commits(late);
        subscriptions.beginStream();
        subscriptions.beginStream();
        SourceEvent.SchemaChanged change = change(600, false);
        subscriptions.handOut(change, false);
        subscriptions.besideStream().joinAgain(receivers, Map.of());
        assertThat(late.poll(NOW)).isEmpty();
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(late.poll(NOW)).contains(change);
        assertThat(early.poll(NOW)).contains(change);
        assertThat(early.poll(NOW)).isEmpty();
    }

    @Test
    void isNotToldAgainWhatItsOwnStreamHasAnnouncedBeforeItBroke() throws Exception {
        early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        receivers.complete(POSITION);
        commits(late);
        CatchUp catchUp = new CatchUp(subscriptions, receivers, Map::of, joined::incrementAndGet);
        SourceEvent.SchemaChanged change = change(600, false);
        catchUp.handOut(change, false);
        subscriptions.besideStream().joinAgain(receivers, Map.of());
        subscriptions.beginStream();
        subscriptions.handOut(change, false);
        subscriptions.handOut(transaction(600));
        assertThat(late.poll(NOW)).contains(change);
        assertThat(commits(late)).containsExactly(600L);
    }

    /** With a full queue; the transaction that finds no room must not be taken for one that was given. */
    @Test
    void goesOnWithTheNextStreamWhereItsOwnWasEnded() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        receivers.complete(POSITION);
        commits(late);
        CatchUp catchUp = new CatchUp(subscriptions, receivers, Map::of, joined::incrementAndGet);
        handOut(subscriptions, early, 600);
        handOut(subscriptions, early, 700);
        handOut(subscriptions, early, 800);
        handOut(subscriptions, early, 900);
        Thread own = start(() -> {
            for (int commit = 600; commit <= 800; commit += 100) {
                catchUp.handOut(transaction(commit));
                catchUp.reached(new Lsn(commit + 10));
            }
        });
        awaitWaiting(own);
        subscriptions.besideStream().end();
        join(own);
        assertThat(joined).hasValue(0);
        subscriptions.besideStream().joinNext(receivers, Map.of());
        subscriptions.beginStream();
        assertThat(commits(late)).containsExactly(600L, 700L);
        for (int commit = 600; commit <= 900; commit += 100) {
            subscriptions.handOut(transaction(commit));
        }
        assertThat(commits(late)).containsExactly(800L, 900L);
    }

    /** A bootstrap that is ended must not look complete. */
    @Test
    void waitsForAnotherBootstrapIfItsOwnWasEndedBeforeItsLastEvent() throws Exception {
        early();
        SourceSubscription late = late();
        BootstrapReceivers receivers = start(late);
        receivers.put(new SourceEvent.BootstrapBatch("users", List.of()));
        Thread own = start(() -> receivers.complete(POSITION));
        awaitWaiting(own);
        subscriptions.besideStream().end();
        join(own);
        assertThat(subscriptions.wantBootstrap()).isTrue();
        subscriptions.besideStream().begin();
        start(late);
        assertThat(late.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        assertThat(late.poll(NOW)).isEmpty();
    }

    @Test
    void asksForAnotherBootstrapWhenTheIdsChangeWhileItCatchesUp() throws Exception {
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        int before = changed.get();
        catchUp.handOut(change(600, true), false);
        assertThat(changed.get()).isGreaterThan(before);
        assertThat(subscriptions.wantBootstrap()).isTrue();
        catchUp.handOut(transaction(600));
        assertThat(late.poll(NOW)).containsInstanceOf(SourceEvent.SchemaChanged.class);
        assertThat(late.poll(NOW)).isEmpty();
    }

    @Test
    void holdsTheLogForOneThatCatchesUpFromWhereItHasConfirmed() throws Exception {
        early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        late.confirm(POSITION);
        catchUp.handOut(transaction(600));
        late.confirm(new Position(poll(late), 0));
        assertThat(subscriptions.confirmedUpTo(FAR))
                .as("nothing is outstanding")
                .isEqualTo(new Lsn(610));
        catchUp.reached(new Lsn(650));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    /** Nobody else is to lose the server's log for it. */
    @Test
    void waitsForAnotherBootstrapWithoutAHoldWhenItIsGivenUp() throws Exception {
        SourceSubscription early = early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        catchUp.handOut(transaction(600));
        handOut(subscriptions, early, 600);
        early.confirm(new Position(600, 0));
        assertThat(subscriptions.besideStream().holdsMost()).isTrue();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(500));
        subscriptions.besideStream().giveUp();
        subscriptions.besideStream().letGo();
        assertThat(subscriptions.besideStream().holdsMost()).isFalse();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
        assertThat(subscriptions.paused()).as("the others notice nothing").isFalse();
        handOut(subscriptions, early, 700);
        assertThat(commits(late)).as("it had been given this").containsExactly(600L);
        assertThat(subscriptions.wantBootstrap()).isTrue();
        subscriptions.besideStream().hold();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(500));
    }

    @Test
    void keepsTheLogUntilThePositionOfTheOneThatIsGivenUpIsForgotten() throws Exception {
        GatedStore store = new GatedStore();
        subscriptions = new Subscriptions(
                "source",
                new QueueLimits(DispatchMode.CHANNEL, 2, Long.MAX_VALUE),
                false,
                changed::incrementAndGet,
                () -> {},
                Optional.of(new PositionSaver("source", store)),
                new SourceMeter(InstantSource.system()));
        subscriptions.resumptions().reads(LOG);
        subscriptions.resumptions().slotStandsAt(new Lsn(100), false);
        early();
        SourceSubscription late = late();
        CatchUp catchUp = bootstrapped(late);
        late.confirm(POSITION);
        catchUp.handOut(transaction(600));
        subscriptions.save(FAR);
        assertThat(store.copy()).containsOnlyKeys("early", "late");
        store.breakDown();
        subscriptions.besideStream().giveUp();
        for (int attempt = 1; attempt <= 2; attempt++) {
            assertThatThrownBy(subscriptions.besideStream()::letGo).isInstanceOf(PositionsNotSavedException.class);
            assertThat(store.copy()).containsKey("late");
            assertThat(late.holdsAt()).contains(new Lsn(500));
        }
        store.open();
        subscriptions.besideStream().letGo();
        assertThat(store.copy()).containsOnlyKeys("early");
        assertThat(late.holdsAt()).isEmpty();
    }

    @Test
    void isNotGivenUpWhenAnotherHoldsMore() throws Exception {
        early();
        SourceSubscription late = late();
        subscriptions.handOut(transaction(400));
        CatchUp catchUp = bootstrapped(late);
        catchUp.handOut(transaction(600));
        assertThat(subscriptions.besideStream().holdsMost()).isFalse();
    }

    private SourceSubscription early() {
        SourceSubscription early = subscriptions.open(SubscriptionSettings.forQuery("early"));
        subscriptions.beginStream();
        return early;
    }

    private SourceSubscription late() {
        return subscriptions.open(SubscriptionSettings.forQuery("late").withBootstrap());
    }

    private BootstrapReceivers start(SourceSubscription late) {
        assertThat(late.wantsBootstrap()).isTrue();
        return subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(POSITION, Instant.EPOCH, List.of("users")), new Lsn(500), true);
    }

    /** One that has taken all of its bootstrap. */
    private CatchUp bootstrapped(SourceSubscription late) throws InterruptedException {
        BootstrapReceivers receivers = start(late);
        receivers.complete(POSITION);
        assertThat(commits(late)).isEmpty();
        return new CatchUp(subscriptions, receivers, Map::of, joined::incrementAndGet);
    }

    private Subscriptions subscriptions(DispatchMode mode, int capacity) {
        return new Subscriptions("source", mode, capacity, changed::incrementAndGet, () -> {});
    }

    private static CommittedTransaction transaction(long commitLsn) {
        return TransactionFixture.transaction(commitLsn, commitLsn + 10, "users", 1);
    }

    private static SourceEvent.SchemaChanged change(long commitLsn, boolean idsInvalidated) {
        return new SourceEvent.SchemaChanged(
                Position.before(commitLsn), "users", Optional.empty(), List.of("a"), List.of("x"), idsInvalidated);
    }

    /** By the shared stream, to one that takes it at once. */
    private static void handOut(Subscriptions subscriptions, SourceSubscription early, long commitLsn)
            throws InterruptedException {
        subscriptions.handOut(transaction(commitLsn));
        commits(early);
    }

    private static long poll(SourceSubscription subscription) throws InterruptedException {
        return ((SourceEvent.Transaction) subscription.poll(NOW).orElseThrow()).commitLsn();
    }

    /** Takes what waits; the commit LSNs of the transactions. */
    private static List<Long> commits(SourceSubscription subscription) throws InterruptedException {
        List<Long> commits = new ArrayList<>();
        Optional<SourceEvent> event = subscription.poll(NOW);
        while (event.isPresent()) {
            if (event.get() instanceof SourceEvent.Transaction transaction) {
                commits.add(transaction.commitLsn());
            }
            event = subscription.poll(NOW);
        }
        return commits;
    }

    private static Thread start(Runnable body) {
        Thread thread = new Thread(body, "stream");
        thread.start();
        return thread;
    }

    private static void awaitWaiting(Thread thread) {
        Await.until("the stream waits", () -> thread.getState() == Thread.State.WAITING);
    }

    private static void join(Thread thread) {
        Await.until("the stream goes on", () -> !thread.isAlive());
    }
}
