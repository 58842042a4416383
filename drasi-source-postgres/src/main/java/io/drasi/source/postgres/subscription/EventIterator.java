// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.SourceEvent;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/** Blocks until there is an event; ends with the subscription, or when its thread is interrupted. */
final class EventIterator implements Iterator<SourceEvent> {
    private static final Duration WAIT = Duration.ofDays(1);

    private final SourceSubscription subscription;
    private Optional<SourceEvent> next = Optional.empty();

    EventIterator(SourceSubscription subscription) {
        this.subscription = subscription;
    }

    /** False also after an interrupt; the thread's interrupt flag is then set, and no event is lost. */
    @Override
    public boolean hasNext() {
        try {
            while (next.isEmpty() && !subscription.ended()) {
                next = subscription.poll(WAIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return next.isPresent();
    }

    @Override
    public SourceEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("subscription '" + subscription.queryId() + "' has ended");
        }
        SourceEvent event = next.orElseThrow();
        next = Optional.empty();
        return event;
    }
}
