// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.FAR;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.streaming;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.StoredPosition;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.GatedStore;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.transaction.TransactionFixture;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** From where subscriptions can go on, and what becomes of those that can't. */
class ResumptionsTest {
    private static final ReadLog LOG = new ReadLog("7", "drasi", new TimelineHistory(1, Map.of()), "server", false);
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    @Test
    void isNotGivenATransactionTwice() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        assertThat(transaction(subscription).commitLsn()).isEqualTo(100);
        assertThat(transaction(subscription).commitLsn()).isEqualTo(200);
    }

    @Test
    void joinsAfterTheTransactionThatWasHandedOutLast() throws Exception {
        streaming(subscriptions, "first");
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
        SourceSubscription first = streaming(subscriptions, "first");
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
        SourceSubscription first = streaming(subscriptions, "first");
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
        StoredPosition stored = new StoredPosition(new Position(100, 0), LOG.origin());
        store.save(Map.of("asking", stored, "plain", stored, "later", stored));
        store.save(Map.of("elsewhere", new StoredPosition(new Position(900, 0), "another")));
        Subscriptions startingOver = startingOver(store);
        startingOver.resumptions().reads(LOG);
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
    void doesNotBeginAStreamWithOneThatHasComeSinceTheEndOfTheLogWasKnown() throws Exception {
        subscriptions.resumptions().logEndsAt(new Lsn(500));
        SourceSubscription beyond =
                subscriptions.open(SubscriptionSettings.forQuery("beyond").withResumeFrom(new Position(501, 0)));
        subscriptions.beginStream();
        assertThat(subscriptions.paused()).isTrue();
        subscriptions.resumptions().logEndsAt(new Lsn(600));
        subscriptions.beginStream();
        assertThat(subscriptions.paused()).isFalse();
        assertThat(beyond.ended()).isFalse();
    }

    @Test
    void hasTheLogLookedAtAgainForOneThatGoesOnFromBeyondWhatIsKnownOfIt() {
        subscriptions.resumptions().logEndsAt(new Lsn(500));
        SourceSubscription first = streaming(subscriptions, "first");
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
        SourceSubscription first = streaming(subscriptions, "first");
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
        SourceSubscription first = streaming(subscriptions, "first");
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
    void goesOnForAQueryThatMissesNothingOfTheLabelsItWants() throws Exception {
        SourceSubscription all = streaming(subscriptions, "all");
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

    private static Subscriptions startingOver(GatedStore store) {
        return new Subscriptions(
                "source",
                new QueueLimits(DispatchMode.CHANNEL, 10, Long.MAX_VALUE),
                true,
                () -> {},
                () -> {},
                Optional.of(new PositionSaver("source", store)),
                new SourceMeter(InstantSource.system()));
    }
}
