// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a query wants from a source.
 *
 * @param queryId names the subscriber in logs and errors; unique among the open subscriptions of a source
 * @param labels the labels it wants, also in the form {@code schema.table}; empty: all
 * @param bootstrap whether it wants the current rows before the changes
 * @param resumeFrom the last position the subscriber has processed: only what comes after it is delivered. Excludes
 *     {@code bootstrap}
 * @param prepared whether it is to be told of transactions when they are prepared for a two-phase commit
 */
public record SubscriptionSettings(
        String queryId, Set<String> labels, boolean bootstrap, Optional<Position> resumeFrom, boolean prepared) {
    public SubscriptionSettings {
        if (queryId.isBlank()) {
            throw new IllegalArgumentException("queryId must not be blank");
        }
        labels = Set.copyOf(labels);
        Objects.requireNonNull(resumeFrom, "resumeFrom");
        if (bootstrap && resumeFrom.isPresent()) {
            throw new IllegalArgumentException("subscription '" + queryId + "' asks for a bootstrap and for resumeFrom "
                    + resumeFrom.get() + ": choose one");
        }
    }

    /** Is told of transactions once they are committed. */
    public SubscriptionSettings(
            String queryId, Set<String> labels, boolean bootstrap, Optional<Position> resumeFrom) {
        this(queryId, labels, bootstrap, resumeFrom, false);
    }

    /** All labels, no bootstrap. */
    public static SubscriptionSettings forQuery(String queryId) {
        return new SubscriptionSettings(queryId, Set.of(), false, Optional.empty());
    }

    public SubscriptionSettings withLabels(String... wanted) {
        Set<String> set = new LinkedHashSet<>(java.util.List.of(wanted));
        return new SubscriptionSettings(queryId, set, bootstrap, resumeFrom, prepared);
    }

    public SubscriptionSettings withBootstrap() {
        return new SubscriptionSettings(queryId, labels, true, resumeFrom, prepared);
    }

    public SubscriptionSettings withResumeFrom(Position position) {
        return new SubscriptionSettings(queryId, labels, bootstrap, Optional.of(position), prepared);
    }

    /** With {@link SourceEvent.TransactionPrepared} and {@link SourceEvent.PreparedTransactionEnded}. */
    public SubscriptionSettings withPrepared() {
        return new SubscriptionSettings(queryId, labels, bootstrap, resumeFrom, true);
    }
}
