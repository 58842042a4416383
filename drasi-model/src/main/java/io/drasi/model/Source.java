// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Map;
import java.util.function.Consumer;

/** Something that delivers changes. All methods may be called by any thread. */
public interface Source extends AutoCloseable {
    String id();

    /** The kind of source, e.g. {@code postgres}. */
    String typeName();

    /** The configuration by option name, without secrets. */
    Map<String, Object> properties();

    /** Whether a {@link SourceHost} starts the source when it is added. */
    boolean autoStart();

    /**
     * Begins to work in the background and returns; {@link #status} tells how it goes. Does nothing if it already runs.
     *
     * @throws IllegalStateException if the source is closed
     */
    void start();

    /** Ends in order, telling the server what was confirmed, and waits for that. Ends all subscriptions. */
    void stop();

    StatusChange status();

    /**
     * Has {@code listener} called at each change of the status, by the thread that makes the change: it must return soon. Run the returned
     * action to end that.
     */
    Runnable addStatusListener(Consumer<StatusChange> listener);

    /**
     * Opens a subscription, before {@link #start} or while the source runs.
     *
     * @throws IllegalArgumentException if a subscription of that query id is open, or a label is not known
     * @throws IllegalStateException if the source is closed or has failed
     */
    Subscription subscribe(SubscriptionSettings settings);

    /** Stops for good. */
    @Override
    void close();
}
