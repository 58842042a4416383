// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

import io.drasi.model.ComponentStatus;
import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What an operator wants to know of a source, at one moment. Counts are those since the source was made, over all its runs.
 *
 * @param receivedLsn everything that committed before was received and put into the subscriptions' queues; {@link Lsn#INVALID}
 *     before the stream began
 * @param confirmedLsn what the server was told is confirmed; {@link Lsn#INVALID} before the stream began
 * @param slot what the server said of the slot last: lag in bytes, what it keeps, what is left; empty before the first time
 * @param lag how long ago the server's log was where it has not been received yet. The server is asked every {@code
 *     status_interval}, and it is as exact as that: zero if everything was received that was there when it was asked last
 * @param lastCommitTime when the transaction committed that was received last, by the server's clock
 * @param transactions received; what the server sends again after a reconnect counts again
 * @param spool large transactions in files
 * @param failedAttempts connections and streams that broke, or could not be made, after which it was tried again
 * @param bootstraps that were read to their end
 * @param tables by label
 * @param subscriptions that are open
 * @param lastFailure why the source had to try again last, or stopped
 */
public record SourceMetrics(
        ComponentStatus status,
        Lsn receivedLsn,
        Lsn confirmedLsn,
        Optional<SlotReading> slot,
        Duration lag,
        Optional<Instant> lastCommitTime,
        long transactions,
        SpoolMetrics spool,
        long failedAttempts,
        long bootstraps,
        Map<String, TableMetrics> tables,
        List<SubscriptionMetrics> subscriptions,
        Optional<Failure> lastFailure) {
    /**
     * Something that went wrong.
     *
     * @param at by the clock of this host
     * @param text as in the log
     */
    public record Failure(Instant at, String text) {
        public Failure {
            Objects.requireNonNull(at, "at");
            Objects.requireNonNull(text, "text");
        }
    }

    public SourceMetrics {
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(receivedLsn, "receivedLsn");
        Objects.requireNonNull(confirmedLsn, "confirmedLsn");
        Objects.requireNonNull(slot, "slot");
        Objects.requireNonNull(lag, "lag");
        Objects.requireNonNull(lastCommitTime, "lastCommitTime");
        Objects.requireNonNull(spool, "spool");
        Objects.requireNonNull(lastFailure, "lastFailure");
        tables = Collections.unmodifiableMap(new TreeMap<>(tables));
        subscriptions = List.copyOf(subscriptions);
    }
}
