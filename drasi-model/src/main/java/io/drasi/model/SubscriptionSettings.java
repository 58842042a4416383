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
 */
public record SubscriptionSettings(
        String queryId, Set<String> labels, boolean bootstrap, Optional<Position> resumeFrom) {
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

    /** All labels, no bootstrap. */
    public static SubscriptionSettings forQuery(String queryId) {
        return new SubscriptionSettings(queryId, Set.of(), false, Optional.empty());
    }

    public SubscriptionSettings withLabels(String... wanted) {
        Set<String> set = new LinkedHashSet<>(java.util.List.of(wanted));
        return new SubscriptionSettings(queryId, set, bootstrap, resumeFrom);
    }

    public SubscriptionSettings withBootstrap() {
        return new SubscriptionSettings(queryId, labels, true, resumeFrom);
    }

    public SubscriptionSettings withResumeFrom(Position position) {
        return new SubscriptionSettings(queryId, labels, bootstrap, Optional.of(position));
    }
}
