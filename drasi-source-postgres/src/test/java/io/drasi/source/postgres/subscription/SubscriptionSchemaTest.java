// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.streaming;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.transaction.TransactionFixture;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which schema changes a subscription is told of. */
class SubscriptionSchemaTest {
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    /** That a table was given a key is asked of the catalog when the table is described, in a repeated transaction too. */
    @Test
    void isToldInOrderOfAChangeThatIsNoticedOnlyWhenTheStreamRepeatsATransaction() throws Exception {
        SourceSubscription subscription = streaming(subscriptions, "q");
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

    /** The one for whom it has to begin again will see it then; to the others it will be a repeated one. */
    @Test
    void givesASchemaChangeOnlyToThoseThatWereThereWhileTheStreamHasToBeginAgain() throws Exception {
        SourceSubscription first = streaming(subscriptions, "first");
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        transaction(first);
        SourceSubscription second = subscriptions.open(SubscriptionSettings.forQuery("second"));
        SourceSubscription resuming =
                subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(new Position(100, 0)));
        SourceEvent.SchemaChanged change = change(300);
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
    void givesARepeatedSchemaChangeOnlyToThoseThatWereNotThere() throws Exception {
        SourceSubscription first = streaming(subscriptions, "first");
        SourceEvent.SchemaChanged change = change(300);
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
        streaming(subscriptions, "first");
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
        SourceSubscription first = streaming(subscriptions, "first");
        SourceEvent.SchemaChanged change = change(300);
        subscriptions.handOut(change, false);
        first.close();
        SourceSubscription next = streaming(subscriptions, "next");
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(next.poll(NOW)).contains(change);
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(next.poll(NOW)).isEmpty();
    }

    /** It would be told the shape that the table had then, after one that it has been told since. */
    @Test
    void isNotToldAfterwardsASchemaChangeThatTheStreamHadToldWhenItWasOpened() throws Exception {
        streaming(subscriptions, "first");
        SourceEvent.SchemaChanged change = change(300);
        subscriptions.handOut(change, false);
        SourceSubscription late = subscriptions.open(SubscriptionSettings.forQuery("late"));
        subscriptions.handOut(TransactionFixture.transaction(300, 310, "users", 1));
        subscriptions.handOut(TransactionFixture.transaction(400, 410, "users", 1));
        assertThat(transaction(late).commitLsn()).isEqualTo(400);
        subscriptions.beginStream();
        subscriptions.handOut(change, true);
        assertThat(late.poll(NOW)).isEmpty();
    }

    /** It would be given rows of a table of which the change was told to the others already. */
    @Test
    void beginsAfterATransactionOfWhichTheTablesWereDescribedAlready() throws Exception {
        SourceSubscription early = streaming(subscriptions, "early");
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        SourceEvent.SchemaChanged change = change(300);
        subscriptions.handOut(change, false);
        SourceSubscription later = subscriptions.open(SubscriptionSettings.forQuery("later"));
        subscriptions.handOut(TransactionFixture.transaction(300, 310, "users", 1));
        SourceSubscription last = subscriptions.open(SubscriptionSettings.forQuery("last"));
        subscriptions.handOut(TransactionFixture.transaction(400, 410, "users", 1));
        assertThat(transaction(early).commitLsn()).isEqualTo(200);
        assertThat(early.poll(NOW)).contains(change);
        assertThat(transaction(early).commitLsn()).isEqualTo(300);
        assertThat(transaction(later).commitLsn()).isEqualTo(400);
        assertThat(transaction(last).commitLsn()).isEqualTo(400);
    }

    /** The stream has to begin again, and describe the table to it. */
    @Test
    void goesOnWithANewStreamFromBeforeATransactionOfWhichTheTablesWereDescribedAlready() throws Exception {
        streaming(subscriptions, "early");
        subscriptions.handOut(TransactionFixture.transaction(200, 210, "users", 1));
        Position position = new Position(200, 0);
        subscriptions.handOut(change(300), false);
        SourceSubscription resuming =
                subscriptions.open(SubscriptionSettings.forQuery("resuming").withResumeFrom(position));
        assertThat(subscriptions.paused()).isTrue();
        subscriptions.beginStream();
        subscriptions.handOut(change(300), true);
        assertThat(resuming.poll(NOW)).contains(change(300));
        subscriptions.handOut(TransactionFixture.transaction(300, 310, "users", 1));
        assertThat(transaction(resuming).commitLsn()).isEqualTo(300);
        SubscriptionSettings another = SubscriptionSettings.forQuery("another");
        subscriptions.open(another.withResumeFrom(new Position(300, 0)));
        assertThat(subscriptions.paused()).as("it misses nothing").isFalse();
    }

    private static SourceEvent.SchemaChanged change(long commitLsn) {
        return new SourceEvent.SchemaChanged(
                Position.before(commitLsn), "users", Optional.empty(), List.of("a"), List.of("x"), false);
    }
}
