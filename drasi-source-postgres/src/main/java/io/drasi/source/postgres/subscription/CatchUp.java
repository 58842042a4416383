// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.transaction.CommittedTransaction;

/**
 * Gives those who were given a bootstrap beside the stream what has committed since, from a stream of their own, until they
 * can join the one that all share: at a place where neither has something that the other lacks. One thread.
 */
public final class CatchUp implements Outlet {
    private final Subscriptions subscriptions;
    private final BootstrapReceivers receivers;
    private final Runnable onJoined;

    /** @param onJoined is run once they have joined */
    public CatchUp(Subscriptions subscriptions, BootstrapReceivers receivers, Runnable onJoined) {
        this.subscriptions = subscriptions;
        this.receivers = receivers;
        this.onJoined = onJoined;
    }

    @Override
    public boolean handOut(CommittedTransaction transaction) {
        receivers.put(transaction);
        return true;
    }

    @Override
    public void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
        receivers.put(change);
        if (change.idsInvalidated()) {
            subscriptions.changed();
        }
    }

    @Override
    public void reached(Lsn lsn) {
        if (subscriptions.apartHasEnded()) {
            return; // the last one may not have been put in
        }
        receivers.reached(lsn);
        if (receivers.gone() || subscriptions.join(receivers, lsn)) {
            onJoined.run();
        }
    }

    /** Nobody reads from this stream's slot again. */
    @Override
    public Lsn confirmedUpTo(Lsn reached) {
        return reached;
    }
}
