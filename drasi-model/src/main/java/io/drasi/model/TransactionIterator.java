// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** A {@link ChangeCursor} as an iterator. */
final class TransactionIterator implements Iterator<SourceChange> {
    private final ChangeCursor cursor;
    private boolean looked;
    private boolean found;

    TransactionIterator(ChangeCursor cursor) {
        this.cursor = cursor;
    }

    @Override
    public boolean hasNext() {
        if (!looked) {
            found = cursor.next();
            looked = true;
        }
        return found;
    }

    @Override
    public SourceChange next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the transaction has no more changes");
        }
        looked = false;
        return cursor.change();
    }
}
