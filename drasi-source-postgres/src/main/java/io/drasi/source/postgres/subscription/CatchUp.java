// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Gives those who were given a bootstrap beside the stream what has committed since, from a stream of their own, until they
 * can join the one that all share: at a place where neither has something that the other lacks. One thread.
 */
public final class CatchUp implements Outlet {
    private final Subscriptions subscriptions;
    private final BootstrapReceivers receivers;
    private final Supplier<Map<Long, TableShape>> tables;
    private final Runnable onJoined;

    /**
     * @param tables gives them as they are where the stream stands, by OID
     * @param onJoined is run once they have joined
     */
    public CatchUp(
            Subscriptions subscriptions,
            BootstrapReceivers receivers,
            Supplier<Map<Long, TableShape>> tables,
            Runnable onJoined) {
        this.tables = tables;
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
    public void described(TableDescription description) {
        description.change().ifPresent(change -> handOut(change.change(), change.repeated()));
    }

    @Override
    public void reached(Lsn lsn) {
        if (subscriptions.besideStream().hasEnded()) {
            return; // the last one may not have been put in
        }
        receivers.reached(lsn);
        if (receivers.gone() || subscriptions.besideStream().join(receivers, lsn, tables.get())) {
            onJoined.run();
        }
    }

    /** Nobody reads from this stream's slot again. */
    @Override
    public Lsn confirmedUpTo(Lsn reached) {
        return reached;
    }
}
