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
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a subscription is given of a bootstrap, and what beside it. */
class SubscriptionBootstrapTest {
    private final AtomicInteger changes = new AtomicInteger();
    private final Subscriptions subscriptions =
            new Subscriptions("source", DispatchMode.CHANNEL, 10, changes::incrementAndGet, () -> {});

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
        streaming(subscriptions, "other");
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

    @Test
    void tellsThoseWhoWaitForABootstrapWhyItDoesNotCome() throws Exception {
        SourceSubscription waiting =
                subscriptions.open(SubscriptionSettings.forQuery("q").withBootstrap());
        SourceSubscription other = streaming(subscriptions, "other");
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
}
