// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** A committed transaction in memory. Immutable. */
final class InMemoryTransaction implements CommittedTransaction {
    private final long xid;
    private final Instant commitTime;
    private final long endLsn;
    private final Position position;
    private final List<SourceChange> changes;
    private final long[] ordinals;
    private final Map<String, TableTally> tallies;
    private final long weight;

    /**
     * @param position of the last change that the server sent, before any filter
     * @param changes taken over: must not be changed afterwards
     * @param ordinals of each change; taken over; at least as long as {@code changes}
     * @param tallies by the labels that the changes have, all together
     * @param weight bytes of memory that they take, about
     */
    InMemoryTransaction(
            long xid,
            Instant commitTime,
            long endLsn,
            Position position,
            List<SourceChange> changes,
            long[] ordinals,
            Map<String, TableTally> tallies,
            long weight) {
        this.xid = xid;
        this.commitTime = commitTime;
        this.endLsn = endLsn;
        this.position = position;
        this.changes = changes;
        this.ordinals = ordinals;
        this.tallies = tallies;
        this.weight = weight;
    }

    @Override
    public long weight() {
        return weight;
    }

    @Override
    public Set<String> labels() {
        return tallies.keySet();
    }

    @Override
    public Collection<TableTally> tallies() {
        return tallies.values();
    }

    @Override
    public long xid() {
        return xid;
    }

    @Override
    public Instant commitTime() {
        return commitTime;
    }

    @Override
    public long commitLsn() {
        return position.commitLsn();
    }

    @Override
    public long endLsn() {
        return endLsn;
    }

    @Override
    public Position position() {
        return position;
    }

    @Override
    public Position lastChange() {
        return new Position(commitLsn(), ordinals[changes.size() - 1]);
    }

    @Override
    public long size() {
        return changes.size();
    }

    @Override
    public ChangeCursor cursor() {
        return new Cursor();
    }

    @Override
    public CommittedTransaction select(ChangeSelection selection, BooleanSupplier wanted) {
        List<SourceChange> selected = new ArrayList<>();
        long[] selectedOrdinals = new long[changes.size()];
        for (int i = 0; i < changes.size(); i++) {
            var change = selection.take(changes.get(i), new Position(commitLsn(), ordinals[i]));
            if (change.isPresent()) {
                selectedOrdinals[selected.size()] = ordinals[i];
                selected.add(change.get());
            }
        }
        long share = changes.isEmpty() ? 0 : weight * selected.size() / changes.size();
        return new InMemoryTransaction(
                xid, commitTime, endLsn, position, selected, selectedOrdinals, tallies, share);
    }

    @Override
    public String toString() {
        return "Transaction[xid=" + xid + ", position=" + position + ", changes=" + changes.size() + "]";
    }

    private final class Cursor implements ChangeCursor {
        private int index = -1;

        @Override
        public boolean next() {
            if (index < changes.size()) {
                index++;
            }
            return index < changes.size();
        }

        @Override
        public SourceChange change() {
            requireChange();
            return changes.get(index);
        }

        @Override
        public Position position() {
            requireChange();
            return new Position(commitLsn(), ordinals[index]);
        }

        @Override
        public boolean last() {
            requireChange();
            return index == changes.size() - 1;
        }

        private void requireChange() {
            if (index < 0 || index >= changes.size()) {
                throw new IllegalStateException("the cursor stands on no change");
            }
        }
    }
}
