// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import java.util.Optional;

/** Why a subscription can't go on from its position, and what helps. */
final class ResumeRefusal {
    private static final String BOOTSTRAP = "Subscribe with a bootstrap.";
    /** As long as there is a position, the subscription would go on from that. */
    private static final String REMOVE = "Remove the position from the store (PositionStore.remove; drasi-pg stream"
            + " --bootstrap does it) and subscribe with a bootstrap.";

    private ResumeRefusal() {}

    static PositionUnavailableException of(SourceSubscription subscription, String reason) {
        return of(subscription, reason, "");
    }

    private static PositionUnavailableException of(
            SourceSubscription subscription, String reason, String anotherRemedy) {
        return new PositionUnavailableException(
                "subscription '" + subscription.queryId() + "' can't go on from "
                        + subscription.resumeFrom().map(Position::toString).orElse("?") + ": " + reason,
                anotherRemedy + remedy(subscription),
                null);
    }

    /** The same cause, with what helps this one. */
    static RuntimeException with(SourceSubscription subscription, RuntimeException cause) {
        return cause instanceof PositionUnavailableException unavailable && isStored(subscription)
                ? new PositionUnavailableException(unavailable.problem(), remedy(subscription), unavailable.getCause())
                : cause;
    }

    static PositionUnavailableException beyondLog(SourceSubscription subscription, Lsn end) {
        return of(
                subscription,
                "the server's log ends at " + end
                        + ", so the position comes from another server, or from before this one was restored",
                "Check the address; if it is the right one: ");
    }

    static Optional<PositionUnavailableException> otherLog(SourceSubscription subscription, ReadLog log) {
        return subscription
                .resumption()
                .stored()
                .flatMap(log::misfit)
                .map(misfit -> of(subscription, misfit.why(), misfit.check()));
    }

    /**
     * @param flushed what the slot does not have any more
     * @param bootstrapGivenUp whether it may not have what somebody lacks whose bootstrap beside the stream was given up
     */
    static Optional<PositionUnavailableException> behindSlot(
            SourceSubscription subscription, Lsn flushed, boolean bootstrapGivenUp) {
        Resumption resumption = subscription.resumption();
        if (resumption.needsFrom().filter(needed -> needed.isBefore(flushed)).isPresent()) {
            return Optional.of(of(
                    subscription,
                    "the replication slot stands at " + flushed + ", beyond what the position store knows of: somebody"
                            + " else has read from the slot, advanced it or made it again, or the store is an old copy;"
                            + " the changes between are lost"));
        }
        if (bootstrapGivenUp && resumption.isUnguarded()) {
            return Optional.of(of(
                    subscription,
                    "a process has ended when a query's bootstrap beside the stream was given up. If it was this query, the"
                            + " replication slot, which stands at " + flushed + ", does not have all that follows",
                    "If it was another one, drop the slot whose name ends with _given_up, and start again. If it"
                            + " was this one: "));
        }
        return Optional.empty();
    }

    private static String remedy(SourceSubscription subscription) {
        return isStored(subscription) ? REMOVE : BOOTSTRAP;
    }

    private static boolean isStored(SourceSubscription subscription) {
        return subscription.resumption().stored().isPresent();
    }
}
