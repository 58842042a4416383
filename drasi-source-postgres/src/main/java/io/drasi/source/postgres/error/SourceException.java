// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.error;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A failure of a source. The message says what happened, where, and what to run to fix it; it never holds a secret. */
public abstract sealed class SourceException extends RuntimeException
        permits BinaryFormatException,
                ConnectionException,
                DecodingException,
                HostUnsuitableException,
                PositionUnavailableException,
                PositionsNotSavedException,
                ServerException,
                SetupException,
                SlotHeldException,
                SpoolException,
                SubscriptionLaggedException,
                TableChangedException {
    private static final long serialVersionUID = 1;

    private final String problem;
    private final @Nullable String remedy;

    SourceException(String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(remedy == null ? message : message + "\n" + remedy, cause);
        this.problem = message;
        this.remedy = remedy;
    }

    /** Whether trying again may help. A source tries again by itself; only failures that can't be retried end it. */
    public abstract boolean retryable();

    /** The message without the remedy. */
    public final String problem() {
        return problem;
    }

    /** What to run or to set to fix it, also part of the message. */
    public final Optional<String> remedy() {
        return Optional.ofNullable(remedy);
    }
}
