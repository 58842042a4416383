// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

/** What a query does with its events, see {@link Subscription#handle}. Called by one thread, with one event at a time. */
@FunctionalInterface
public interface EventHandler {
    /**
     * Processes {@code event} for good: a transaction, or the end of a bootstrap, is confirmed when this returns. It may be
     * given the same event again, after it threw and after a restart.
     *
     * @throws Exception whatever keeps it from that; what happens then the {@link FailurePolicy} says
     */
    void handle(SourceEvent event) throws Exception;
}
