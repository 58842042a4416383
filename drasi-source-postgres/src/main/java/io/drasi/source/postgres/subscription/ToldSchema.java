// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.schema.TableShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which schema changes a subscription was told of, and how it knows the tables where that is not as the shared stream does.
 * Not thread-safe: guarded by the subscription's lock.
 */
final class ToldSchema {
    // Put in by a stream of its own after what that has reached; the shared one does not give them again if it takes
    // over.
    private final List<SourceEvent.SchemaChanged> toldApart = new ArrayList<>();
    private @Nullable Position toldUpTo; // of the transaction in which the last schema change was put in
    private final List<SourceEvent.SchemaChanged> toldThere = new ArrayList<>(); // all of that transaction
    // The tables as it knows them from a bootstrap beside the stream, by OID, until the stream describes them.
    private final Map<Long, TableShape> expected = new HashMap<>();

    /**
     * Whether a change that the stream repeats is new to it: it was not told of that, nor of a later one, and was not given the
     * transaction either, since then it knows the table as it became.
     *
     * @param after only what comes after this position is still given
     */
    boolean lacks(SourceEvent.SchemaChanged repeated, @Nullable Position after) {
        Position position = repeated.position();
        int toTold = toldUpTo == null ? 1 : position.compareTo(toldUpTo);
        boolean given = after != null && after.compareTo(position) > 0;
        return !given && (toTold > 0 || (toTold == 0 && !toldThere.contains(repeated)));
    }

    /** @param apart whether by a stream of its own */
    void told(SourceEvent.SchemaChanged change, boolean apart) {
        if (apart) {
            toldApart.add(change);
        }
        if (toldUpTo == null || change.position().compareTo(toldUpTo) > 0) {
            toldUpTo = change.position();
            toldThere.clear();
        }
        if (change.position().equals(toldUpTo)) {
            toldThere.add(change);
        }
    }

    /** Whether the stream of its own has told it of that, beyond what it has reached; asked once for each. */
    boolean wasToldApart(SourceEvent.SchemaChanged change) {
        return toldApart.remove(change);
    }

    /** The stream of its own has reached what it told of, or counts no more. */
    void forgetApart() {
        toldApart.clear();
    }

    /** It knows the tables like that where it joins the shared stream. */
    void expect(Map<Long, TableShape> tables) {
        expected.putAll(tables);
    }

    /** The shared stream describes the table. How the subscription knows it; null: as that does. Asked once for each. */
    @Nullable
    TableShape takeExpected(long oid) {
        return expected.remove(oid);
    }

    /** Another bootstrap makes it know the tables anew; what it was told stays. */
    void forgetTables() {
        toldApart.clear();
        expected.clear();
    }
}
