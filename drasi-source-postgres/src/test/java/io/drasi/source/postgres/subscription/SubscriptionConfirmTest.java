// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.FAR;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.streaming;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.transaction.TransactionFixture;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How far the server is told that subscriptions have confirmed. */
class SubscriptionConfirmTest {
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    @Test
    void confirmsAWholeTransactionAsItsEnd() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 2));
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(Lsn.INVALID);
        subscription.confirm(transaction(subscription).position());
        assertThat(subscriptions.confirmedUpTo(new Lsn(110))).isEqualTo(new Lsn(110));
    }

    @Test
    void confirmsAPartOfATransactionAsNoMoreThanItsBeginning() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
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
        streaming(subscriptions, "q");
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void waitsForTheSlowestSubscription() throws Exception {
        SourceSubscription fast = streaming(subscriptions, "fast");
        SourceSubscription slow = streaming(subscriptions, "slow");
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
        SourceSubscription one = streaming(subscriptions, "one");
        SourceSubscription other = streaming(subscriptions, "other");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        one.confirm(transaction(one).position());
        other.close();
        assertThat(subscriptions.confirmedUpTo(FAR)).isEqualTo(FAR);
    }

    @Test
    void leavesTheLogWhereTheLastOneHadConfirmed() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
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
    void confirmsAtLastWhateverWasTakenWithoutConfirmingIt() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
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
        SourceSubscription subscription = streaming(subscriptions, "q");
        assertThatThrownBy(() -> subscription.confirm(new Position(100, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'q'")
                .hasMessageContaining("nothing yet");
        subscriptions.handOut(TransactionFixture.transaction(100, 110, "users", 1));
        transaction(subscription);
        assertThatThrownBy(() -> subscription.confirm(new Position(100, 1)))
                .hasMessageContaining("no more than 0/64:0");
    }
}
