// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

/** A subscription of a broadcasting source took its events too slowly, and some were dropped before it took them. */
public final class SubscriptionLaggedException extends SourceException {
    private static final long serialVersionUID = 1;

    private final long lostEvents;

    /** @param limit names the option that the queue was full by, with its value */
    public SubscriptionLaggedException(String queryId, long lostEvents, String limit) {
        super(
                "subscription '" + queryId + "' lagged behind: " + lostEvents
                        + (lostEvents == 1 ? " event was" : " events were") + " dropped",
                "Take events faster, raise " + limit
                        + ", or use dispatch mode CHANNEL, which holds the stream back instead.",
                null);
        this.lostEvents = lostEvents;
    }

    /** How many events were dropped up to the moment of this exception. */
    public long lostEvents() {
        return lostEvents;
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
