// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.meter.SourceMeter;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The subscriptions that share one bootstrap. Rows may be put by several threads at a time, all else is for one.
 *
 * <p>With a bootstrap beside the stream they stand apart from it afterwards, and are given what is {@link #put} here, until
 * they {@linkplain BesideStream#join join} it.
 */
public final class BootstrapReceivers {
    private final List<SourceSubscription> receivers;
    private final Collection<SourceSubscription> open;
    private final SourceMeter meter;

    BootstrapReceivers(List<SourceSubscription> receivers, Collection<SourceSubscription> open, SourceMeter meter) {
        this.receivers = receivers;
        this.open = open;
        this.meter = meter;
    }

    /** Whether all of them were closed, so that nobody waits for the rest. */
    public boolean gone() {
        return receivers.stream().noneMatch(open::contains);
    }

    /** Whether one of them wants the rows of that label. */
    public boolean take(String label) {
        return receivers.stream().anyMatch(receiver -> receiver.inlet().takes(label));
    }

    /** Tells how far it is; does not wait. */
    public void tell(SourceEvent.BootstrapProgress progress) {
        for (SourceSubscription receiver : receivers) {
            if (receiver.inlet().takes(progress.label())) {
                receiver.inlet().tell(progress);
            }
        }
    }

    /** Waits until each has room for it. */
    public void put(SourceEvent.BootstrapBatch batch) {
        for (SourceSubscription receiver : receivers) {
            receiver.inlet().putBatch(batch);
        }
        meter.readRows(batch.label(), batch.rows().size());
    }

    /** Waits until each that wants something of it has room for that. */
    void put(CommittedTransaction transaction) {
        for (SourceSubscription receiver : receivers) {
            if (open.contains(receiver)) {
                receiver.inlet().putTransaction(transaction, true);
            }
        }
    }

    void put(SourceEvent.SchemaChanged change) {
        receivers.forEach(receiver -> receiver.inlet().putSchemaChange(change, true));
    }

    void reached(Lsn lsn) {
        receivers.forEach(receiver -> receiver.reachedApart(lsn));
    }

    /** They are given what the shared stream brings from now on, but for what has committed before {@code lsn}. */
    void join(Lsn lsn, boolean streaming, Map<Long, TableShape> tables) {
        receivers.forEach(receiver -> receiver.join(lsn, streaming, tables));
    }

    /** The shared stream begins again, and goes on for each where it stands. */
    void joinAgain(Map<Long, TableShape> tables) {
        receivers.forEach(receiver -> receiver.joinAgain(tables));
    }

    public void complete(Position position) {
        for (SourceSubscription receiver : receivers) {
            receiver.inlet().completeBootstrap(position);
        }
        meter.bootstrapRead();
    }
}
