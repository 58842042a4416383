// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;

/**
 * A query's place at a source. Events are taken by one thread at a time, by {@link #poll} or by iterating;
 * {@link #confirm} and {@link #close} may be called by any.
 *
 * <p>Iterating blocks until there is an event, and ends when the subscription is closed or the source stopped. When the
 * source fails, both ways of taking events throw its exception.
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

    /** One blocking iteration; a second call goes on where the first one is. */
    @Override
    Iterator<SourceEvent> iterator();

    /** Ends the subscription at once and releases its hold on the server's log. What it did not confirm may come again. */
    @Override
    void close();
}
