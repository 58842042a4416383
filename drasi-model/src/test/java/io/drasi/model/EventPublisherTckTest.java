// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** The Reactive Streams TCK on {@link Subscription#publisher}; run by TestNG. Rules are numbered as in the specification. */
public class EventPublisherTckTest extends FlowPublisherVerification<SourceEvent> {
    /** How long the TCK waits for what has to happen. */
    private static final long TIMEOUT_MILLIS = 2000;
    /** How long it looks whether something happens that must not. */
    private static final long QUIET_MILLIS = 50;
    /** How often it looks for an error. */
    private static final long POLL_MILLIS = 5;
    /** How long it leaves a cancelled publisher to forget its subscriber. */
    private static final long FORGET_MILLIS = 300;

    public EventPublisherTckTest() {
        super(new TestEnvironment(TIMEOUT_MILLIS, QUIET_MILLIS, POLL_MILLIS), FORGET_MILLIS);
    }

    @Override
    public Flow.Publisher<SourceEvent> createFlowPublisher(long elements) {
        return QueuedSubscription.of("tck", elements).publisher();
    }

    /** One that refuses everybody, because it has its one subscriber. */
    @Override
    public Flow.Publisher<SourceEvent> createFailedFlowPublisher() {
        Flow.Publisher<SourceEvent> publisher = QueuedSubscription.of("tck", 0).publisher();
        publisher.subscribe(new CollectingSubscriber());
        return publisher;
    }
}
