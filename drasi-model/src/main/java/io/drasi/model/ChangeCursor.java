// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

/**
 * Walks once along the changes of a transaction. Starts before the first one. Used by one thread.
 *
 * <pre>{@code
 * for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
 *     apply(cursor.change(), cursor.position());
 * }
 * }</pre>
 */
public interface ChangeCursor {
    /** Moves to the next change; false when there is none. */
    boolean next();

    /**
     * The change the cursor stands on.
     *
     * @throws IllegalStateException if it stands on none
     */
    SourceChange change();

    /**
     * Where the change stands in the stream. The two changes of a key update share one position.
     *
     * @throws IllegalStateException if the cursor stands on no change
     */
    Position position();

    /** Whether the change is the transaction's last one for this subscription. */
    boolean last();
}
