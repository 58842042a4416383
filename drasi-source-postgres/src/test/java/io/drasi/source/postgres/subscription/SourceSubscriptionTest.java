// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.StoredPosition;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.GatedStore;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.transaction.TransactionFixture;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SourceSubscriptionTest {
    private static final Duration NOW = Duration.ZERO;
    private static final Lsn FAR = new Lsn(1_000_000);

    private final AtomicInteger changes = new AtomicInteger();
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    @Test
    void confirmsAWholeTransactionAsItsEnd() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 2));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(Lsn.INVALID);
        subscription.confirm(transaction(subscription).position());
        assertThat(subscriptions.confirmedUpTo(new Lsn(110))).isEqualTo(new Lsn(110));
    }

    @Test
    void confirmsAPartOfATransactionAsNoMoreThanItsBeginning() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 3));
        transaction(subscription);
        subscription.confirm(new Position(100, 1));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(100));
    }

    @Test
    void confirmsAWholeTransactionByTheLastChangeThatTheSubscriptionWants() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withLabels("users"));
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(100, 110, List.of("users", "orders")));
        SourceEvent.Transaction wanted = transaction(subscription);
        assertThat(wanted.position()).isEqualTo(new Position(100, 1));
        subscription.confirm(new Position(100, 0));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void followsTheLogWhenNothingIsOutstanding() {
        streaming("q");
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void waitsForTheSlowestSubscription() throws Exception {
        SourceSubscription fast = streaming("fast");
        SourceSubscription slow = streaming("slow");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(fast);
        fast.confirm(transaction(fast).position());
        slow.confirm(transaction(slow).position());
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(110));
        slow.confirm(transaction(slow).position());
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void releasesItsHoldWhenItIsClosedBesideOthers() throws Exception {
        SourceSubscription one = streaming("one");
        SourceSubscription other = streaming("other");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        one.confirm(transaction(one).position());
        other.close();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void leavesTheLogWhereTheLastOneHadConfirmed() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        subscription.confirm(transaction(subscription).position());
        subscription.close();
        assertThat(subscriptions.paused()).isTrue();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(110));
        SourceSubscription next = subscriptions.open(SubscriptionSettings.forQuery("next"));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(110));
        subscriptions.handOut(TransactionFixture.transaction(300, 310, "users", 1));
        assertThat(next.poll(NOW))
                .as("nothing comes before the stream has begun again")
                .isEmpty();
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(next).commitLsn()).isEqualTo(200);
    }

    @Test
    void isNotGivenATransactionTwice() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(200);
    }

    @Test
    void joinsAfterTheTransactionThatWasHandedOutLast() throws Exception {
        streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        SourceSubscription late = subscriptions.open(SubscriptionSettings.forQuery("late"));
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(late).commitLsn()).isEqualTo(200);
    }

    @Test
    void goesOnInsideATransaction() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withResumeFrom(new Position(100, 0)));
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(50, 60, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 3));
        SourceEvent.Transaction rest = transaction(subscription);
        assertThat(rest.size()).isEqualTo(2);
        assertThat(rest.position()).isEqualTo(new Position(100, 2));
        var cursor = rest.cursor();
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.position()).isEqualTo(new Position(100, 1));
    }

    @Test
    void hasTheStreamBeginAgainForOneThatGoesOnFromAnEarlierPosition() throws Exception {
        SourceSubscription first = streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(first);
        SourceSubscription resuming =
                subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(new Position(100, 0)));
        assertThat(subscriptions.paused()).isTrue();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(Lsn.INVALID);
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(resuming).commitLsn()).isEqualTo(200);
        assertThat(transaction(first).commitLsn()).isEqualTo(200);
        assertThat(first.poll(NOW)).isEmpty();
    }

    @Test
    void endsOneThatWantsToGoOnFromWhereTheServerDoesNotGoBackTo() throws Exception {
        SourceSubscription first = streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(first);
        first.confirm(transaction(first).position());
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
        SourceSubscription late =
                subscriptions.open(SubscriptionSettings.forQuery("late").withResumeFrom(new Position(100, 0)));
        assertThatThrownBy(() -> late.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("0/64:0")
                .hasMessageContaining("bootstrap");
        SourceSubscription current =
                subscriptions.open(SubscriptionSettings.forQuery("current").withResumeFrom(new Position(200, 0)));
        assertThat(current.poll(NOW)).isEmpty();
        assertThat(subscriptions.paused()).isFalse();
    }

    @Test
    void endsOneThatWantsToGoOnFromBeforeTheSlot() {
        subscriptions.resumptions().slotStartsAt(new Lsn(500));
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withResumeFrom(new Position(100, 0)));
        assertThatThrownBy(() -> subscription.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
    }

    @Test
    void endsOneThatWantsToGoOnFromBeforeASlotThatIsMadeAfterwards() throws Exception {
        SourceSubscription before =
                subscriptions.open(SubscriptionSettings.forQuery("before").withResumeFrom(new Position(100, 0)));
        SourceSubscription after =
                subscriptions.open(SubscriptionSettings.forQuery("after").withResumeFrom(new Position(500, -1)));
        subscriptions.resumptions().slotStartsAt(new Lsn(500));
        assertThatThrownBy(() -> before.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("made anew and begins at 0/1F4");
        assertThat(after.poll(NOW)).isEmpty();
        assertThat(after.ended()).isFalse();
    }

    @Test
    void givesABootstrapInPlaceOfAStoredPositionThatIsLostIfToldSo() throws Exception {
        GatedStore store = new GatedStore();
        StoredPosition stored = new StoredPosition(new Position(100, 0), "server");
        store.save(Map.of("asking", stored, "plain", stored, "later", stored));
        store.save(Map.of("elsewhere", new StoredPosition(new Position(900, 0), "another")));
        Subscriptions startingOver = startingOver(store);
        startingOver.resumptions().origin("server");
        SourceSubscription asking =
                startingOver.open(SubscriptionSettings.forQuery("asking").withBootstrap());
        SourceSubscription plain = startingOver.open(SubscriptionSettings.forQuery("plain"));
        assertThat(startingOver.bootstrapBehind()).isTrue();
        assertThat(startingOver.wantBootstrap()).isFalse();

        startingOver.resumptions().slotStandsAt(new Lsn(500), false);

        assertThat(asking.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapDelayed.class);
        assertThat(asking.wantsBootstrap()).isTrue();
        assertThat(startingOver.bootstrapBehind()).isFalse();
        assertThatThrownBy(() -> plain.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("the replication slot stands at 0/1F4");
        SourceSubscription later =
                startingOver.open(SubscriptionSettings.forQuery("later").withBootstrap());
        assertThat(later.wantsBootstrap()).isTrue();
        SourceSubscription elsewhere =
                startingOver.open(SubscriptionSettings.forQuery("elsewhere").withBootstrap());
        assertThatThrownBy(() -> elsewhere.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("the stored position is one of [another]");
        startingOver.owed();
        assertThat(store.copy()).containsOnlyKeys("plain", "elsewhere");
    }

    @Test
    void startsOverWithThoseThatBeganWithABootstrapAndEndsTheOthers() throws Exception {
        Subscriptions startingOver = startingOver(new GatedStore());
        SourceSubscription began =
                startingOver.open(SubscriptionSettings.forQuery("began").withBootstrap());
        SourceSubscription plain = startingOver.open(SubscriptionSettings.forQuery("plain"));
        Position position = Position.before(500);
        BootstrapReceivers receivers = startingOver.startBootstrap(
                new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")), new Lsn(500), false);
        receivers.complete(position);
        began.poll(NOW);
        began.poll(NOW);
        began.confirm(position);
        assertThat(startingOver.wantBootstrap()).isFalse();
        assertThat(startingOver.furthest()).isEqualTo(new Lsn(500));

        startingOver.resumptions().startOver(PositionUnavailableException.ofSlot("the slot was dropped", null, null));

        assertThat(startingOver.allWantBootstrap()).isTrue();
        assertThat(startingOver.furthest()).as("it is to forget that").isEqualTo(Lsn.INVALID);
        assertThat(began.ended()).isFalse();
        assertThatThrownBy(() -> plain.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessage("the slot was dropped");
    }

    private static Subscriptions startingOver(GatedStore store) {
        return new Subscriptions(
                "source",
                DispatchMode.CHANNEL,
                10,
                true,
                () -> {},
                () -> {},
                Optional.of(new PositionSaver("source", store)),
                new SourceMeter(InstantSource.system()));
    }

    @Test
    void makesNoSlotForOneThatWantsToGoOnFromBeforeIt() {
        subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(new Position(100, 0)));
        assertThat(subscriptions.beginning()).isEqualTo(Subscriptions.Beginning.WITH_NOBODY);
        subscriptions.open(SubscriptionSettings.forQuery("streaming"));
        assertThat(subscriptions.beginning()).isEqualTo(Subscriptions.Beginning.WITH_STREAM);
        subscriptions.open(SubscriptionSettings.forQuery("bootstrapped").withBootstrap());
        assertThat(subscriptions.beginning()).isEqualTo(Subscriptions.Beginning.WITH_BOOTSTRAP);
    }

    @Test
    void endsOneThatWantsToGoOnFromBeyondTheServersLog() throws Exception {
        SourceSubscription beyond =
                subscriptions.open(SubscriptionSettings.forQuery("beyond").withResumeFrom(new Position(501, 0)));
        SourceSubscription within =
                subscriptions.open(SubscriptionSettings.forQuery("within").withResumeFrom(new Position(500, 0)));
        subscriptions.resumptions().logEndsAt(new Lsn(500));
        assertThatThrownBy(() -> beyond.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("the server's log ends at 0/1F4");
        assertThat(within.poll(NOW)).isEmpty();
        assertThat(within.ended()).isFalse();
    }

    @Test
    void hasTheLogLookedAtAgainForOneThatGoesOnFromBeyondWhatIsKnownOfIt() {
        subscriptions.resumptions().logEndsAt(new Lsn(500));
        SourceSubscription first = streaming("first");
        SourceSubscription known =
                subscriptions.open(SubscriptionSettings.forQuery("known").withResumeFrom(new Position(500, 0)));
        assertThat(subscriptions.paused()).isFalse();
        SourceSubscription beyond =
                subscriptions.open(SubscriptionSettings.forQuery("beyond").withResumeFrom(new Position(600, 0)));
        assertThat(subscriptions.paused()).isTrue();
        assertThat(List.of(first, known, beyond)).noneMatch(SourceSubscription::ended);
    }

    @Test
    void refusesOneThatGoesOnFromBeforeWhatTheLastOneHadConfirmedWhenItLeft() {
        SourceSubscription first = streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThatCode(() -> {
                    transaction(first);
                    first.confirm(transaction(first).position());
                })
                .doesNotThrowAnyException();
        first.close();
        SourceSubscription late =
                subscriptions.open(SubscriptionSettings.forQuery("late").withResumeFrom(new Position(100, 0)));
        assertThatThrownBy(() -> late.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
    }

    @Test
    void doesNotMissAnEmptyTransactionThatCannotBeRepeated() throws Exception {
        SourceSubscription first = streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        first.confirm(transaction(first).position());
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 0));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
        SourceSubscription next =
                subscriptions.open(SubscriptionSettings.forQuery("next").withResumeFrom(new Position(100, 0)));
        assertThat(next.poll(NOW)).isEmpty();
        assertThat(next.ended()).isFalse();
    }

    @Test
    void confirmsAtLastWhateverWasTakenWithoutConfirmingIt() throws Exception {
        SourceSubscription subscription = streaming("q");
        Lsn end = new Lsn(3_000_000);
        Position last = Position.before(0);
        for (int i = 1; i <= 250_000; i++) {
            subscriptions.handOut(TransactionFixture.transaction(10L * i, 10L * i + 5, "users", 1));
            last = transaction(subscription).position();
        }
        subscription.confirm(new Position(10L * 120_000, 0));
        assertThat(subscriptions.confirmedUpTo(end).value()).isBetween(0L, 10L * 120_000 + 5);
        subscription.confirm(new Position(last.commitLsn() - 10, 0));
        assertThat(subscriptions.confirmedUpTo(end).value()).isEqualTo(last.commitLsn() - 5);
        subscription.confirm(last);
        assertThat(subscriptions.confirmedUpTo(end)).isEqualTo(end);
    }

    @Test
    void doesNotCountABootstrapAmongWhatABroadcastMayLagBehind() throws Exception {
        Subscriptions subscriptions = subscriptions(DispatchMode.BROADCAST, 2);
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        Position position = Position.before(500);
        subscriptions
                .startBootstrap(
                        new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")),
                        new Lsn(500),
                        false)
                .complete(position);
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(600, 610, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(700, 710, "users", 1));
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapCompleted.class);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(600);
        subscriptions.handOut(TransactionFixture.transaction(800, 810, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(900, 910, "users", 1));
        assertThatThrownBy(() -> subscription.poll(NOW)).hasMessageContaining("lagged behind: 3 events");
    }

    /** Whoever hears that the subscription is gone may wait for another thread, which asks the subscription something. */
    @Test
    void holdsNoLockWhenItTellsThatALaggedOneIsGone() {
        AtomicReference<SourceSubscription> asked = new AtomicReference<>();
        Subscriptions broadcasting = new Subscriptions(
                "source",
                DispatchMode.BROADCAST,
                1,
                () -> Optional.ofNullable(asked.get()).ifPresent(SourceSubscriptionTest::requireAnswer),
                () -> {});
        SourceSubscription lagging = broadcasting.open(SubscriptionSettings.forQuery("lagging"));
        broadcasting.beginStream();
        broadcasting.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        broadcasting.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        asked.set(lagging);
        assertThatThrownBy(() -> lagging.poll(NOW)).hasMessageContaining("lagged behind");
        assertThat(broadcasting.isEmpty()).isTrue();
    }

    private static void requireAnswer(SourceSubscription subscription) {
        assertThat(CompletableFuture.supplyAsync(subscription::confirmedLsn)).succeedsWithin(Duration.ofSeconds(10));
    }

    /** A source that stops ends its subscriptions first, and then tells the server what was confirmed. */
    @Test
    void holdsTheLogForWhatComesAfterItHasEnded() throws Exception {
        for (DispatchMode mode : DispatchMode.values()) {
            Subscriptions stopping = subscriptions(mode, 10);
            SourceSubscription subscription = stopping.open(SubscriptionSettings.forQuery("q"));
            stopping.beginStream();
            stopping.handOut(TransactionFixture.transaction(100, 110, "users", 1));
            subscription.confirm(transaction(subscription).position());
            stopping.endEach();
            stopping.handOut(TransactionFixture.transaction(200, 210, "users", 1));
            assertThat(stopping.confirmedUpTo(FAR)).as(mode.toString()).isEqualTo(new Lsn(110));
        }
    }

    @Test
    void givesNoOtherBootstrapToOneThatHasLagged() throws Exception {
        Subscriptions subscriptions = subscriptions(DispatchMode.BROADCAST, 2);
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        Position position = Position.before(500);
        subscriptions
                .startBootstrap(
                        new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")),
                        new Lsn(500),
                        false)
                .complete(position);
        subscriptions.beginStream();
        for (int i = 6; i <= 9; i++) {
            subscriptions.handOut(TransactionFixture.transaction(100L * i, 100L * i + 10, "users", 1));
        }
        subscriptions.handOut(
                new SourceEvent.SchemaChanged(
                        Position.before(1000), "users", Optional.empty(), List.of("a"), List.of("x"), true),
                false);
        assertThat(subscriptions.wantBootstrap()).isFalse();
        assertThat(subscriptions.bootstrapOpen()).isFalse();
        assertThatThrownBy(() -> subscription.poll(NOW)).hasMessageContaining("lagged behind");
    }

    /** The one for whom it has to begin again will see it then; to the others it will be a repeated one. */
    @Test
    void givesASchemaChangeOnlyToThoseThatWereThereWhileTheStreamHasToBeginAgain() throws Exception {
        SourceSubscription first = streaming("first");
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(first);
        SourceSubscription second = subscriptions.open(SubscriptionSettings.forQuery("second"));
        SourceSubscription resuming =
                subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(new Position(100, 0)));
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(300), "users", Optional.empty(), List.of("a"), List.of("x"), false);
        subscriptions.handOut(change, false);
        assertThat(resuming.poll(NOW)).isEmpty();
        assertThat(first.poll(NOW)).contains(change);
        // The stream may begin again behind the change, and not repeat it.
        assertThat(second.poll(NOW)).as("opened when the stream ran").contains(change);
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(resuming.poll(NOW)).contains(change);
        assertThat(first.poll(NOW)).isEmpty();
    }

    @Test
    void goesOnForAQueryThatMissesNothingOfTheLabelsItWants() throws Exception {
        SourceSubscription all = streaming("all");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "orders", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(all);
        all.confirm(transaction(all).position());
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
        SubscriptionSettings resuming = SubscriptionSettings.forQuery("orders").withResumeFrom(new Position(100, 0));
        SourceSubscription orders = subscriptions.open(resuming.withLabels("orders"));
        assertThat(orders.poll(NOW)).isEmpty();
        assertThat(orders.ended()).isFalse();
        orders.close();
        SourceSubscription users = subscriptions.open(resuming.withLabels("users"));
        assertThatThrownBy(() -> users.poll(NOW)).isInstanceOf(PositionUnavailableException.class);
    }

    @Test
    void givesARepeatedSchemaChangeOnlyToThoseThatWereNotThere() throws Exception {
        SourceSubscription first = streaming("first");
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(300), "users", Optional.empty(), List.of("a"), List.of("x"), false);
        subscriptions.handOut(change, false);
        assertThat(first.poll(NOW)).contains(change);
        SourceSubscription resuming =
                subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(new Position(100, 0)));
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(first.poll(NOW)).isEmpty();
        assertThat(resuming.poll(NOW)).contains(change);
    }

    /** The next stream is the first one that begins while it is open, but what it was told of the one before it knows. */
    @Test
    void isNotToldAgainASchemaChangeOfTheStreamThatRanWhenItWasOpened() throws Exception {
        streaming("first");
        SourceEvent.SchemaChanged before = new SourceEvent.SchemaChanged(
                Position.before(300), "users", Optional.empty(), List.of("a"), List.of("x"), false);
        subscriptions.handOut(before, false);
        SourceSubscription late = subscriptions.open(SubscriptionSettings.forQuery("late"));
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(400), "users", Optional.empty(), List.of("a", "b"), List.of("y"), false);
        subscriptions.handOut(change, false);
        assertThat(late.poll(NOW)).contains(change);
        for (int stream = 0; stream < 2; stream++) {
            subscriptions.beginStream();
            subscriptions.handOut(change, true);
            assertThat(late.poll(NOW)).isEmpty();
        }
    }

    @Test
    void isToldARepeatedSchemaChangeAlsoIfItsFirstStreamDidNotComeThatFar() throws Exception {
        SourceSubscription first = streaming("first");
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(300), "users", Optional.empty(), List.of("a"), List.of("x"), false);
        subscriptions.handOut(change, false);
        first.close();
        SourceSubscription next = streaming("next");
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(next.poll(NOW)).contains(change);
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(next.poll(NOW)).isEmpty();
    }

    /** It would be told the shape that the table had then, after one that it has been told since. */
    @Test
    void isNotToldAfterwardsASchemaChangeOfATransactionThatItWasGiven() throws Exception {
        streaming("first");
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(300), "users", Optional.empty(), List.of("a"), List.of("x"), false);
        subscriptions.handOut(change, false);
        SourceSubscription late = subscriptions.open(SubscriptionSettings.forQuery("late"));
        subscriptions.handOut(TransactionFixture.transaction(300, 310, "users", 1));
        transaction(late);
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(late.poll(NOW)).isEmpty();
    }

    @Test
    void isNotOpenedOnceTheSourceIsClosed() {
        subscriptions.closeForGood();
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("q")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("source 'source' is closed");
    }

    @Test
    void endsOneWhosePositionIsNotOfThisLog() {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withResumeFrom(new Position(100, 7)));
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 3));
        assertThatThrownBy(() -> subscription.poll(NOW))
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("0/64:7")
                .hasMessageContaining("0/64:2");
    }

    @Test
    void isNotOpenedOnceTheSourceHasFailed() {
        SetupException failure = new SetupException("broken", null, null);
        subscriptions.endAll(failure);
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("q")))
                .isInstanceOf(IllegalStateException.class)
                .hasCause(failure);
        subscriptions.begin();
        assertThat(subscriptions.open(SubscriptionSettings.forQuery("q")).ended())
                .isFalse();
    }

    @Test
    void takesOnlyItsLabelsAndIsNotHeldUpByOthers() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withLabels("public.users"));
        subscriptions.beginStream();
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "orders", 1));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(subscription).commitLsn()).isEqualTo(200);
    }

    @Test
    void refusesToConfirmWhatItWasNotGiven() throws Exception {
        SourceSubscription subscription = streaming("q");
        assertThatThrownBy(() -> subscription.confirm(new Position(100, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'q'")
                .hasMessageContaining("nothing yet");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        transaction(subscription);
        assertThatThrownBy(() -> subscription.confirm(new Position(100, 1)))
                .hasMessageContaining("no more than 0/64:0");
    }

    @Test
    void holdsTheSourceBackWhenItsQueueIsFull() throws Exception {
        Subscriptions narrow = subscriptions(DispatchMode.CHANNEL, 1);
        SourceSubscription subscription = narrow.open(SubscriptionSettings.forQuery("q"));
        narrow.beginStream();
        narrow.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        Thread source = new Thread(() -> narrow.handOut(TransactionFixture.transaction(200, 210, "users", 1)));
        source.start();
        Await.until("the source waits", () -> source.getState() == Thread.State.WAITING);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        source.join(30_000);
        assertThat(source.isAlive()).isFalse();
        assertThat(transaction(subscription).commitLsn()).isEqualTo(200);
    }

    @Test
    void letsTheSourceGoWhenItIsClosed() throws Exception {
        Subscriptions narrow = subscriptions(DispatchMode.CHANNEL, 1);
        SourceSubscription subscription = narrow.open(SubscriptionSettings.forQuery("q"));
        narrow.beginStream();
        narrow.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        Thread source = new Thread(() -> narrow.handOut(TransactionFixture.transaction(200, 210, "users", 1)));
        source.start();
        Await.until("the source waits", () -> source.getState() == Thread.State.WAITING);
        subscription.close();
        source.join(30_000);
        assertThat(source.isAlive()).isFalse();
        assertThat(subscription.ended()).isTrue();
        assertThat(subscription.poll(NOW)).isEmpty();
        assertThat(subscription.iterator().hasNext()).isFalse();
    }

    @Test
    void tellsHowMuchWasLostWhenItLagsBehindABroadcast() throws Exception {
        Subscriptions broadcast = subscriptions(DispatchMode.BROADCAST, 2);
        SourceSubscription subscription = broadcast.open(SubscriptionSettings.forQuery("q"));
        SourceSubscription other = broadcast.open(SubscriptionSettings.forQuery("other"));
        broadcast.beginStream();
        for (int i = 1; i <= 5; i++) {
            broadcast.handOut(TransactionFixture.transaction(100L * i, 100L * i + 10, "users", 1));
            transaction(other);
        }
        assertThatThrownBy(() -> subscription.poll(NOW))
                .isInstanceOfSatisfying(
                        SubscriptionLaggedException.class,
                        lagged -> assertThat(lagged.lostEvents()).isEqualTo(5))
                .hasMessageContaining("dispatch_buffer_capacity");
        assertThat(broadcast.isEmpty()).isFalse();
        other.confirm(new Position(500, 0));
        assertThat(broadcast.confirmedUpTo(FAR))
                .as("a lagged one holds nothing")
                .isEqualTo(FAR);
    }

    @Test
    void isGivenWhatWaitsBeforeAFailure() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        SetupException failure = new SetupException("broken", null, null);
        subscriptions.endAll(failure);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        assertThatThrownBy(() -> subscription.poll(NOW)).isSameAs(failure);
        assertThatThrownBy(() -> subscription.iterator().hasNext()).isSameAs(failure);
    }

    @Test
    void holdsTheLogUntilTheBootstrapIsConfirmed() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        assertThat(subscriptions.allWantBootstrap()).isTrue();
        Position position = Position.before(500);
        BootstrapReceivers receivers = subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")), new Lsn(500), false);
        receivers.complete(position);
        subscriptions.beginStream();
        assertThat(subscriptions.wantBootstrap()).isFalse();
        assertThat(subscriptions.bootstrapOpen()).isTrue();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(new Lsn(500));
        subscriptions.handOut(TransactionFixture.transaction(400, 410, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(500, 510, "users", 1));
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapCompleted.class);
        assertThat(transaction(subscription).commitLsn())
                .as("a commit at the consistent point comes after it")
                .isEqualTo(500);
        subscription.confirm(position);
        assertThat(subscriptions.bootstrapOpen()).isFalse();
    }

    @Test
    void isGivenNothingBeforeItsBootstrap() throws Exception {
        streaming("other");
        SourceSubscription late =
                subscriptions.open(SubscriptionSettings.forQuery("late").withBootstrap());
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(
                new SourceEvent.SchemaChanged(
                        Position.before(200), "users", Optional.empty(), List.of("a"), List.of("x"), false),
                false);
        assertThat(late.poll(NOW)).isEmpty();
        assertThat(subscriptions.confirmedUpTo(FAR))
                .as("its bootstrap joins a stream that begins here")
                .isEqualTo(Lsn.INVALID);
    }

    /** That a table was given a key is asked of the catalog when the table is described, in a repeated transaction too. */
    @Test
    void isToldInOrderOfAChangeThatIsNoticedOnlyWhenTheStreamRepeatsATransaction() throws Exception {
        SourceSubscription subscription = streaming("q");
        subscriptions.handOut(TransactionFixture.transaction(600, 610, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(700, 710, "users", 1));
        subscriptions.beginStream();
        SourceSubscription later = subscriptions.open(SubscriptionSettings.forQuery("later"));
        SourceEvent.SchemaChanged change = new SourceEvent.SchemaChanged(
                Position.before(600), "users", Optional.empty(), List.of("a"), List.of("x"), true);
        subscriptions.handOut(change, false);
        subscriptions.handOut(TransactionFixture.transaction(600, 610, "users", 1));
        assertThat(transaction(subscription).commitLsn()).isEqualTo(600);
        Position last = transaction(subscription).position();
        assertThat(subscription.poll(NOW))
                .contains(new SourceEvent.SchemaChanged(
                        last, "users", Optional.empty(), List.of("a"), List.of("x"), true));
        assertThat(subscription.poll(NOW)).isEmpty();
        assertThat(later.poll(NOW)).as("it begins after that").isEmpty();
    }

    @Test
    void tellsThoseWhoWaitForABootstrapWhyItDoesNotCome() throws Exception {
        SourceSubscription waiting =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        SourceSubscription other = streaming("other");
        subscriptions.delayBootstrap("something");
        assertThat(waiting.poll(NOW)).contains(new SourceEvent.BootstrapDelayed("something"));
        assertThat(other.poll(NOW)).isEmpty();
    }

    /** It must never hold up a bootstrap, nor fill a queue that nobody reads. */
    @Test
    void leavesOutProgressThatFindsNoRoomAndDelaysThatAreOvertaken() throws Exception {
        Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 2);
        SourceSubscription waiting =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        for (int i = 0; i < 10; i++) {
            subscriptions.delayBootstrap("reason " + i);
        }
        assertThat(waiting.poll(NOW)).contains(new SourceEvent.BootstrapDelayed("reason 9"));
        assertThat(waiting.poll(NOW)).isEmpty();
        BootstrapReceivers receivers = subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(Position.before(500), Instant.EPOCH, List.of("users")),
                new Lsn(500),
                false);
        for (int i = 0; i < 10; i++) {
            receivers.tell(new SourceEvent.BootstrapProgress("users", i, 10, false));
        }
        SourceEvent.BootstrapBatch batch = new SourceEvent.BootstrapBatch("users", List.of());
        receivers.put(batch); // they have not taken its room
        assertThat(waiting.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        assertThat(waiting.poll(NOW)).contains(new SourceEvent.BootstrapProgress("users", 0, 10, false));
        assertThat(waiting.poll(NOW)).contains(new SourceEvent.BootstrapProgress("users", 1, 10, false));
        assertThat(waiting.poll(NOW)).contains(batch);
        assertThat(waiting.poll(NOW)).isEmpty();
    }

    @Test
    void forgetsABrokenBootstrap() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(Position.before(500), Instant.EPOCH, List.of("users")),
                new Lsn(500),
                false);
        assertThat(subscriptions.wantBootstrap()).isTrue();
        subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(Position.before(600), Instant.EPOCH, List.of("users")),
                new Lsn(600),
                false);
        Optional<SourceEvent> started = subscription.poll(NOW);
        assertThat(started)
                .hasValueSatisfying(event -> assertThat(((SourceEvent.BootstrapStarted) event).position())
                        .isEqualTo(Position.before(600)));
        assertThat(subscription.poll(NOW)).isEmpty();
    }

    @Test
    void waitsForAnotherBootstrapWhenTheIdsItKnowsAreNoLongerRight() throws Exception {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        SourceSubscription other = subscriptions.open(SubscriptionSettings.forQuery("other"));
        Position position = Position.before(500);
        subscriptions
                .startBootstrap(
                        new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("users")),
                        new Lsn(500),
                        false)
                .complete(position);
        subscriptions.beginStream();
        subscription.poll(NOW);
        subscription.poll(NOW);
        subscriptions.handOut(TransactionFixture.transaction(600, 610, "users", 1));
        Position taken = transaction(subscription).position();
        int changesBefore = changes.get();
        subscriptions.handOut(
                new SourceEvent.SchemaChanged(
                        Position.before(700), "users", Optional.empty(), List.of("a"), List.of("x"), true),
                false);
        assertThat(changes.get()).isEqualTo(changesBefore + 1);
        assertThat(subscriptions.wantBootstrap()).isTrue();
        assertThat(subscriptions.allWantBootstrap()).isFalse();
        subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(Position.before(800), Instant.EPOCH, List.of("users")),
                new Lsn(500),
                false);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.SchemaChanged.class);
        assertThat(subscription.poll(NOW)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
        subscription.confirm(taken);
        transaction(other);
        assertThat(other.poll(NOW)).containsInstanceOf(SourceEvent.SchemaChanged.class);
        assertThat(other.poll(NOW)).isEmpty();
    }

    @Test
    void endsASubscriptionThatWantsUnknownLabels() {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withLabels("users", "nope"));
        subscriptions.know(java.util.Set.of("users", "orders"));
        assertThatThrownBy(() -> subscription.poll(NOW))
                .hasMessageContaining("nope")
                .hasMessageContaining("orders, users");
        assertThatThrownBy(() ->
                        subscriptions.open(SubscriptionSettings.forQuery("r").withLabels("nope")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nope");
    }

    @Test
    void refusesASecondSubscriptionOfTheSameQuery() {
        subscriptions.open(SubscriptionSettings.forQuery("q"));
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("q")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'q'");
    }

    private Subscriptions subscriptions(DispatchMode mode, int capacity) {
        return new Subscriptions("source", mode, capacity, changes::incrementAndGet, () -> {});
    }

    private SourceSubscription streaming(String queryId) {
        SourceSubscription subscription = subscriptions.open(SubscriptionSettings.forQuery(queryId));
        subscriptions.beginStream();
        return subscription;
    }

    private static SourceEvent.Transaction transaction(SourceSubscription subscription) throws InterruptedException {
        return (SourceEvent.Transaction) subscription.poll(NOW).orElseThrow();
    }
}
