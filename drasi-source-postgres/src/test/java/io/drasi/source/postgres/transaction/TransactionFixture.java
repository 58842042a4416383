// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementReference;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.spool.Spool;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes transactions without a server. */
public final class TransactionFixture {
    private TransactionFixture() {}

    /** A transaction of {@code count} inserts with one label. */
    public static CommittedTransaction transaction(long commitLsn, long endLsn, String label, int count) {
        return transaction(commitLsn, endLsn, Collections.nCopies(count, label));
    }

    /** A transaction of one insert for each of {@code labels}. */
    public static CommittedTransaction transaction(long commitLsn, long endLsn, List<String> labels) {
        int count = labels.size();
        List<SourceChange> changes = new ArrayList<>();
        long[] ordinals = new long[count];
        Map<String, TableTally> tallies = new HashMap<>();
        for (int i = 0; i < count; i++) {
            String label = labels.get(i);
            ElementMetadata metadata =
                    new ElementMetadata(new ElementReference("s", label + ":" + i), List.of(label), 0);
            changes.add(new SourceChange.Insert(new Element.Node(metadata, ElementProperties.empty())));
            ordinals[i] = i;
            tallies.computeIfAbsent(label, TableTally::new).insert();
        }
        return new InMemoryTransaction(
                7, Instant.EPOCH, endLsn, new Position(commitLsn, count - 1), changes, ordinals, tallies, 100L * count);
    }

    /**
     * One with a part in a file. Its changes can't be walked along.
     *
     * @param spool makes the file
     */
    public static CommittedTransaction spooled(Spool spool, long commitLsn, long endLsn) {
        RowChanges rows = new RowChanges(
                new ChangeMapper("s"), commitLsn, 0, Position.BEFORE_FIRST, change -> {});
        SpooledChanges rest = SpooledChanges.inOwnFile(
                new SpooledChanges.Context(spool, new ChangeMapper("s"), rows, Map.of()), 7, 0);
        rest.end();
        InMemoryTransaction head = (InMemoryTransaction) transaction(commitLsn, endLsn, "users", 1);
        return new SpooledTransaction(head, rest, 2, head.position());
    }
}
