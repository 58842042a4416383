// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Flow;

/**
 * A query's place at a source. Events are taken in one of four ways:
 *
 * <ul>
 *   <li>by iterating, which blocks until there is an event, and ends when the subscription is closed or the source stopped;
 *   <li>by {@link #poll} with a timeout;
 *   <li>by a handler with a thread of its own, which confirms by itself: {@link #handle};
 *   <li>by the subscriber of a {@link #publisher}.
 * </ul>
 *
 * <p>One thread takes events at a time. {@link #confirm(Position)} and {@link #close} may be called by any. When the source
 * fails, iterating and polling throw its exception; the other two ways have their own place for it.
 */
public interface Subscription extends Iterable<SourceEvent>, AutoCloseable {
    String queryId();

    /**
     * The next event, waiting for it up to {@code timeout}; empty when none came in that time or the subscription has
     * {@link #ended}.
     *
     * @throws InterruptedException if the thread is interrupted while it waits; no event is lost
     */
    Optional<SourceEvent> poll(Duration timeout) throws InterruptedException;

    /** Whether no further event will come because the subscription was closed or the source stopped. */
    boolean ended();

    /**
     * Says that everything up to and including {@code position} has been processed for good. The source tells the server
     * what all its subscriptions have confirmed, and the server never sends that again. Confirming an older position than
     * before does nothing.
     *
     * @throws IllegalArgumentException if {@code position} lies beyond what this subscription has been given
     */
    void confirm(Position position);

    /**
     * Says that {@code event}, and everything before it, has been processed for good. Only a transaction and the end of a
     * bootstrap have something to confirm; with any other event this does nothing.
     *
     * @throws IllegalArgumentException if this subscription has not been given {@code event}
     */
    default void confirm(SourceEvent event) {
        if (event instanceof SourceEvent.Transaction transaction) {
            confirm(transaction.position());
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            confirm(completed.position());
        }
    }

    /** One blocking iteration; a second call goes on where the first one is. */
    @Override
    Iterator<SourceEvent> iterator();

    /**
     * Has {@code handler} called with each event, by a daemon thread of its own, and confirms the event when it returns. The
     * subscription is closed when the handling ends; from now on nobody else takes its events.
     *
     * <p>If the handler throws, {@code policy} says whether it gets the same event again or the handling ends. No event is
     * skipped, and none is confirmed before the handler has returned from it and all before it. While an event is
     * tried again those that follow wait; each such failure is logged as a warning of the {@link System.Logger} of {@link Handling}.
     * An event that still fails when the subscription is closed or the source stopped is not tried again.
     *
     * @throws IllegalStateException if this subscription has a handler or publisher already
     */
    default Handling handle(EventHandler handler, FailurePolicy policy) {
        Objects.requireNonNull(handler, "handler");
        Objects.requireNonNull(policy, "policy");
        EventThread.claim(this);
        return HandlerThread.start(this, handler, policy);
    }

    /**
     * The events as a Reactive Streams publisher. From now on nobody else takes them. It is for one {@link Flow.Subscriber},
     * since there is one position to confirm: any further one is refused with {@code onError}.
     *
     * <p>Events are taken as they are requested, and given by a daemon thread that begins with the subscriber. {@code onComplete}
     * tells that the subscription was closed or the source stopped; {@code onError} brings the source's exception, at the
     * latest with the next request. Cancelling closes the subscription, and so does a subscriber that throws, whose
     * exception goes to the thread's uncaught exception handler.
     *
     * <p><b>Nothing is confirmed by itself</b>: when {@code onNext} returns, an asynchronous subscriber has just begun with the
     * event. Whoever is at the end of the chain calls {@link #confirm(SourceEvent)}, in the order of the events.
     *
     * @throws IllegalStateException if this subscription has a handler or publisher already
     */
    default Flow.Publisher<SourceEvent> publisher() {
        EventThread.claim(this);
        return new EventPublisher(this);
    }

    /** Ends the subscription at once and releases its hold on the server's log. What it did not confirm may come again. */
    @Override
    void close();
}
