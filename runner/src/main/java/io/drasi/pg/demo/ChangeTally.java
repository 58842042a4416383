// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import io.drasi.model.SourceChange;

/** Counts changes by kind. Used by one thread. */
final class ChangeTally {
    private long transactions;
    private long inserts;
    private long updates;
    private long deletes;
    private long keyChanges;
    private long truncates;

    void transaction() {
        transactions++;
    }

    /** A key change arrives as a delete, which was counted as one, and then an insert with the previous id. */
    void count(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            if (insert.previousId().isPresent()) {
                deletes--;
                keyChanges++;
            } else {
                inserts++;
            }
        } else if (change instanceof SourceChange.Update) {
            updates++;
        } else if (change instanceof SourceChange.Delete) {
            deletes++;
        } else if (change instanceof SourceChange.Truncate) {
            truncates++;
        }
    }

    @Override
    public String toString() {
        return transactions + " transactions: " + inserts + " inserts, " + updates + " updates, " + deletes
                + " deletes, " + keyChanges + " key changes, " + truncates + " truncates";
    }
}
