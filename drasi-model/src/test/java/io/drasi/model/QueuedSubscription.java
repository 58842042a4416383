// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A subscription in memory, that keeps what it is told. */
final class QueuedSubscription implements Subscription {
    private final String queryId;
    private final Deque<SourceEvent> queue = new ArrayDeque<>();
    private final List<Position> confirmed = new ArrayList<>();
    private long endless; // numbers of the transactions that come when the queue is empty
    private long endlessUntil;
    private boolean ended;
    private boolean closed;
    private @Nullable RuntimeException failure;

    QueuedSubscription(String queryId) {
        this.queryId = queryId;
    }

    /** One that gives that many transactions and then ends. */
    static QueuedSubscription of(String queryId, long transactions) {
        QueuedSubscription subscription = new QueuedSubscription(queryId);
        subscription.endlessUntil = transactions;
        subscription.ended = true;
        return subscription;
    }

    synchronized QueuedSubscription put(SourceEvent... events) {
        queue.addAll(List.of(events));
        notifyAll();
        return this;
    }

    /** The source stops; what waits is still given. */
    synchronized void stop() {
        ended = true;
        notifyAll();
    }

    /** The source fails; what waits is still given. */
    synchronized void fail(RuntimeException cause) {
        failure = cause;
        notifyAll();
    }

    synchronized List<Position> confirmed() {
        return List.copyOf(confirmed);
    }

    synchronized boolean closed() {
        return closed;
    }

    @Override
    public String queryId() {
        return queryId;
    }

    @Override
    public synchronized Optional<SourceEvent> poll(Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        while (true) {
            if (!queue.isEmpty()) {
                return Optional.of(queue.remove());
            }
            if (endless < endlessUntil) {
                return Optional.of(NumberedTransaction.of(endless++));
            }
            if (failure != null) {
                throw failure;
            }
            long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (ended || millis <= 0) {
                return Optional.empty();
            }
            wait(millis);
        }
    }

    @Override
    public synchronized boolean ended() {
        return ended && queue.isEmpty() && endless >= endlessUntil && failure == null;
    }

    @Override
    public synchronized void confirm(Position position) {
        confirmed.add(position);
    }

    @Override
    public Iterator<SourceEvent> iterator() {
        throw new UnsupportedOperationException("not taken that way here");
    }

    @Override
    public synchronized void close() {
        queue.clear();
        endlessUntil = 0;
        failure = null;
        ended = true;
        closed = true;
        notifyAll();
    }
}
