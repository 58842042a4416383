// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A transaction that begins in memory and goes on in a file. Each cursor reads the file by itself. Immutable.
 */
final class SpooledTransaction implements CommittedTransaction {
    private final InMemoryTransaction head;
    private final SpooledChanges rest;
    private final Optional<ChangeSelection> selection;
    private final long size;
    private final Position lastChange;

    /**
     * @param head its begin, with all else that is known of it
     * @param size changes, with those of the begin
     * @param lastChange position of the last one
     */
    SpooledTransaction(
            InMemoryTransaction head, SpooledChanges rest, long size, Position lastChange) {
        this(head, rest, Optional.empty(), size, lastChange);
    }

    private SpooledTransaction(
            InMemoryTransaction head,
            SpooledChanges rest,
            Optional<ChangeSelection> selection,
            long size,
            Position lastChange) {
        this.head = head;
        this.rest = rest;
        this.selection = selection;
        this.size = size;
        this.lastChange = lastChange;
    }

    @Override
    public Set<String> labels() {
        return head.labels();
    }

    @Override
    public Collection<TableTally> tallies() {
        return head.tallies();
    }

    @Override
    public long xid() {
        return head.xid();
    }

    @Override
    public Instant commitTime() {
        return head.commitTime();
    }

    @Override
    public long commitLsn() {
        return head.commitLsn();
    }

    @Override
    public long endLsn() {
        return head.endLsn();
    }

    @Override
    public Position position() {
        return head.position();
    }

    @Override
    public Position lastChange() {
        return lastChange;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long weight() {
        return head.weight();
    }

    /** Reads the file once, to see how much is taken. */
    @Override
    public CommittedTransaction select(ChangeSelection taking, BooleanSupplier wanted) {
        ChangeSelection both = selection
                .<ChangeSelection>map(first -> (change, position) ->
                        first.take(change, position).flatMap(taken -> taking.take(taken, position)))
                .orElse(taking);
        long taken = 0;
        Position last = Position.before(commitLsn());
        SpooledCursor all = new SpooledCursor(head, rest, Optional.of(both), Long.MAX_VALUE);
        while (all.next(wanted)) {
            taken++;
            last = all.position();
        }
        return new SpooledTransaction(head, rest, Optional.of(both), taken, last);
    }

    @Override
    public ChangeCursor cursor() {
        return new SpooledCursor(head, rest, selection, size);
    }

    @Override
    public boolean inFile() {
        return true;
    }

    @Override
    public void retain() {
        rest.retain();
    }

    @Override
    public void release() {
        rest.release();
    }

    @Override
    public String toString() {
        return "Transaction[xid=" + xid() + ", position=" + position() + ", changes=" + size + "]";
    }
}
