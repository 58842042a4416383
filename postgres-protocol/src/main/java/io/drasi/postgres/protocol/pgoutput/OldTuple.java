// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

/** What the server sent of the row as it was before. */
public sealed interface OldTuple {
    /** Nothing. */
    record None() implements OldTuple {}

    /**
     * {@code K}: the columns of the replica identity.
     *
     * @param tuple borrowed; has all columns, those outside the replica identity as NULL, which says nothing about them
     */
    record Key(TupleData tuple) implements OldTuple {}

    /**
     * {@code O}: all columns (REPLICA IDENTITY FULL).
     *
     * @param tuple borrowed
     */
    record Full(TupleData tuple) implements OldTuple {}
}
