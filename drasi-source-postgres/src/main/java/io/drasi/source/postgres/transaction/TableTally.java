// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

/** How many changes of each kind a transaction makes to a table. Counted by one thread, and not changed afterwards. */
public final class TableTally {
    private final String label;
    private long inserts;
    private long updates;
    private long deletes;
    private long truncates;

    TableTally(String label) {
        this.label = label;
    }

    void insert() {
        inserts++;
    }

    void update() {
        updates++;
    }

    void delete() {
        deletes++;
    }

    void truncate() {
        truncates++;
    }

    public String label() {
        return label;
    }

    /** Rows inserted. A row that gets another id counts as updated, though it is a delete and an insert for subscribers. */
    public long inserts() {
        return inserts;
    }

    public long updates() {
        return updates;
    }

    public long deletes() {
        return deletes;
    }

    public long truncates() {
        return truncates;
    }
}
