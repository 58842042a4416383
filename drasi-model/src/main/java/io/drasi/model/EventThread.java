// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;

/** The one thread that takes the events of a subscription for a handler or publisher. */
final class EventThread {
    /**
     * How long the thread may wait for something else than events without a look at whether the subscription has ended: who closes
     * a subscription does not know of the thread.
     */
    static final Duration LOOK = Duration.ofMillis(200);

    private static final Duration WAIT = Duration.ofDays(1);

    /** Two that share a subscription would each miss what the other takes. */
    private static final Set<Subscription> TAKEN =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private EventThread() {}

    /** @throws IllegalStateException if somebody has claimed {@code subscription} before */
    static void claim(Subscription subscription) {
        if (!TAKEN.add(subscription)) {
            throw new IllegalStateException("subscription '" + subscription.queryId()
                    + "' has a handler or publisher already; subscribe once more, under another id");
        }
    }

    /** Not started yet; a daemon. */
    static Thread of(Subscription subscription, Runnable work) {
        Thread thread = new Thread(work, "drasi-query-" + subscription.queryId());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * The next event, waiting for it; empty if the subscription has ended. The thread belongs to the subscription, so only
     * its end counts, and an interrupt does not.
     */
    static Optional<SourceEvent> take(Subscription subscription) {
        while (true) {
            try {
                Optional<SourceEvent> event = subscription.poll(WAIT);
                if (event.isPresent() || subscription.ended()) {
                    return event;
                }
            } catch (InterruptedException e) {
                // poll again
            }
        }
    }
}
