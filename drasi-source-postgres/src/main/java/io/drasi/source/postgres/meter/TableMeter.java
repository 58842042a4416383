// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.meter;

import io.drasi.source.postgres.health.TableMetrics;
import io.drasi.source.postgres.transaction.TableTally;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is read of a table. Thread-safe; a reading is not of one moment. */
final class TableMeter {
    private final LongAdder inserts = new LongAdder();
    private final LongAdder updates = new LongAdder();
    private final LongAdder deletes = new LongAdder();
    private final LongAdder truncates = new LongAdder();
    private final LongAdder snapshotRows = new LongAdder();

    void add(TableTally tally) {
        inserts.add(tally.inserts());
        updates.add(tally.updates());
        deletes.add(tally.deletes());
        truncates.add(tally.truncates());
    }

    void addSnapshotRows(long rows) {
        snapshotRows.add(rows);
    }

    TableMetrics read() {
        return new TableMetrics(inserts.sum(), updates.sum(), deletes.sum(), truncates.sum(), snapshotRows.sum());
    }
}
