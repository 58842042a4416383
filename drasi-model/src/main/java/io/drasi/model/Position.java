// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Locale;

/**
 * A place in a source's stream of changes. Ordered by the commit LSN (unsigned), then by the ordinal.
 *
 * @param commitLsn the start of the transaction's commit record in the write-ahead log; unsigned. Row LSNs are neither
 *     unique nor ordered across transactions and never serve as a position
 * @param ordinal the number of the row or truncate message within the transaction, from 0, counted before any filter; the two
 *     changes of a key update share one. {@link #BEFORE_FIRST} stands before the first change: a snapshot's position is its
 *     consistent point with that ordinal
 */
public record Position(long commitLsn, long ordinal) implements Comparable<Position> {
    /** The ordinal of a place before a transaction's first change. */
    public static final long BEFORE_FIRST = -1;

    public Position {
        if (ordinal < BEFORE_FIRST) {
            throw new IllegalArgumentException("ordinal must be at least -1, was " + ordinal);
        }
    }

    /** The place just before all changes of the first transaction that commits at {@code commitLsn} or later. */
    public static Position before(long commitLsn) {
        return new Position(commitLsn, BEFORE_FIRST);
    }

    /**
     * Reads the form that {@link #toString} gives, e.g. {@code 0/16B3748:3}.
     *
     * @throws IllegalArgumentException if {@code text} is not of that form
     */
    public static Position parse(String text) {
        int slash = text.indexOf('/');
        int colon = text.indexOf(':', slash + 1);
        if (slash < 1 || colon < slash + 2) {
            throw new IllegalArgumentException(
                    "a position looks like 0/16B3748:3 (commit LSN, colon, ordinal), not like '" + text + "'");
        }
        try {
            long high = Integer.parseUnsignedInt(text.substring(0, slash), 16);
            long low = Integer.parseUnsignedInt(text.substring(slash + 1, colon), 16);
            return new Position((high << 32) | (low & 0xFFFF_FFFFL), Long.parseLong(text.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "a position looks like 0/16B3748:3 (commit LSN, colon, ordinal), not like '" + text + "'", e);
        }
    }

    /** The commit LSN in PostgreSQL's text form, e.g. {@code 0/16B3748}. */
    public String lsnText() {
        return String.format(Locale.ROOT, "%X/%X", commitLsn >>> 32, commitLsn & 0xFFFF_FFFFL);
    }

    @Override
    public int compareTo(Position other) {
        int byLsn = Long.compareUnsigned(commitLsn, other.commitLsn);
        return byLsn != 0 ? byLsn : Long.compare(ordinal, other.ordinal);
    }

    @Override
    public String toString() {
        return lsnText() + ":" + ordinal;
    }
}
