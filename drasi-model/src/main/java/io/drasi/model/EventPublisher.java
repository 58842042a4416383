// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** Publishes the events of a subscription to one subscriber: there is one position to confirm. */
final class EventPublisher implements Flow.Publisher<SourceEvent> {
    private static final Flow.Subscription REFUSED = new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
    };

    private final Subscription subscription;
    private final AtomicBoolean subscribed = new AtomicBoolean();

    EventPublisher(Subscription subscription) {
        this.subscription = subscription;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super SourceEvent> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        if (subscribed.compareAndSet(false, true)) {
            PublisherThread.start(subscription, subscriber);
        } else {
            subscriber.onSubscribe(REFUSED);
            subscriber.onError(new IllegalStateException(
                    "the publisher of subscription '" + subscription.queryId() + "' has had its one subscriber"));
        }
    }
}
