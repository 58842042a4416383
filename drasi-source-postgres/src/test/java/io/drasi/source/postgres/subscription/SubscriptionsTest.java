// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.SetupException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which subscriptions can be opened, and what a slot has to begin with for them. */
class SubscriptionsTest {
    private final Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);

    @Test
    void refusesASecondSubscriptionOfTheSameQuery() {
        subscriptions.open(SubscriptionSettings.forQuery("q"));
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("q")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'q'");
    }

    @Test
    void isNotOpenedOnceTheSourceIsClosed() {
        subscriptions.closeForGood();
        assertThatThrownBy(() -> subscriptions.open(SubscriptionSettings.forQuery("q")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("source 'source' is closed");
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
    void endsASubscriptionThatWantsUnknownLabels() {
        SourceSubscription subscription =
                subscriptions.open(SubscriptionSettings.forQuery("q").withLabels("users", "nope"));
        subscriptions.know(Set.of("users", "orders"));
        assertThatThrownBy(() -> subscription.poll(NOW))
                .hasMessageContaining("nope")
                .hasMessageContaining("orders, users");
        assertThatThrownBy(() ->
                        subscriptions.open(SubscriptionSettings.forQuery("r").withLabels("nope")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nope");
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
}
