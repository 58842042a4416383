// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.transaction.CommittedTransaction;

/** An outlet whose large transactions are in files, which are deleted once they are confirmed. */
public final class SpooledOutlet implements Outlet {
    private final Outlet outlet;
    private final Spool spool;

    public SpooledOutlet(Outlet outlet, Spool spool) {
        this.outlet = outlet;
        this.spool = spool;
    }

    @Override
    public boolean handOut(CommittedTransaction transaction) {
        return outlet.handOut(transaction);
    }

    @Override
    public void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
        outlet.handOut(change, repeated);
    }

    @Override
    public void described(TableDescription description) {
        outlet.described(description);
    }

    @Override
    public void reached(Lsn lsn) {
        outlet.reached(lsn);
    }

    @Override
    public Lsn confirmedUpTo(Lsn reached) {
        Lsn confirmed = outlet.confirmedUpTo(reached);
        spool.confirmed(confirmed);
        return confirmed;
    }

    @Override
    public void save(Lsn reached) {
        outlet.save(reached);
    }
}
