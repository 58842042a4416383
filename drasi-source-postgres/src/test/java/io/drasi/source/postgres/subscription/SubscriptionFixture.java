// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.meter.SourceMeter;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** Subscriptions without a server, and what tests ask of them. */
final class SubscriptionFixture {
    static final Duration NOW = Duration.ZERO;
    static final Lsn FAR = new Lsn(1_000_000);

    private SubscriptionFixture() {}

    static Subscriptions subscriptions(DispatchMode mode, int capacity) {
        return new Subscriptions("source", mode, capacity, () -> {}, () -> {});
    }

    static Subscriptions subscriptions(QueueLimits limits) {
        return new Subscriptions(
                "source",
                limits,
                false,
                () -> {},
                () -> {},
                Optional.empty(),
                new SourceMeter(InstantSource.system()));
    }

    static SourceSubscription streaming(Subscriptions subscriptions, String queryId) {
        SourceSubscription subscription = subscriptions.open(SubscriptionSettings.forQuery(queryId));
        subscriptions.beginStream();
        return subscription;
    }

    /** The next event, which is one. */
    static SourceEvent.Transaction transaction(SourceSubscription subscription) throws InterruptedException {
        return (SourceEvent.Transaction) subscription.poll(NOW).orElseThrow();
    }
}
