// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.concurrent.CompletableFuture;

/** An {@link EventHandler} at work, see {@link Subscription#handle}. All methods may be called by any thread. */
public interface Handling extends AutoCloseable {
    /**
     * Completes when the handler is not called any more and its subscription is closed: normally after {@link #close}, or when
     * the subscription was closed or the source stopped; with the source's exception when the source failed; with what the
     * handler threw when the {@link FailurePolicy} ended the handling. Nobody else must complete it.
     */
    CompletableFuture<Void> done();

    /**
     * Ends it in order: the event that the handler is at is finished, and confirmed if the handler returns; no other is given
     * to it, nor that one again. Waits for that, unless the handler's own thread calls. Closing the {@link Subscription}
     * instead does not wait.
     *
     * <p>A thread that is interrupted while it waits has the handler interrupted too, and returns at once with its interrupt
     * flag set.
     */
    @Override
    void close();
}
