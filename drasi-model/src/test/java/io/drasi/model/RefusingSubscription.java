// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;

/** Refuses to have anything confirmed. */
record RefusingSubscription(Subscription events) implements Subscription {
    @Override
    public String queryId() {
        return events.queryId();
    }

    @Override
    public Optional<SourceEvent> poll(Duration timeout) throws InterruptedException {
        return events.poll(timeout);
    }

    @Override
    public boolean ended() {
        return events.ended();
    }

    @Override
    public void confirm(Position position) {
        throw new IllegalArgumentException("it was never given " + position);
    }

    @Override
    public Iterator<SourceEvent> iterator() {
        return events.iterator();
    }

    @Override
    public void close() {
        events.close();
    }
}
