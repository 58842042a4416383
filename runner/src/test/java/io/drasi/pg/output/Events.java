// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementReference;
import io.drasi.model.ElementValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds events for tests. */
public final class Events {
    public static final Instant COMMIT_TIME = Instant.parse("2024-01-01T00:00:00Z");
    private static final long EFFECTIVE_FROM = 1_704_067_200_000_000_000L;

    private Events() {}

    /** A transaction whose changes have the ordinals from 0 on; a key change's two share one. */
    public record GivenTransaction(long xid, long commitLsn, long endLsn, List<SourceChange> all)
            implements SourceEvent.Transaction {
        @Override
        public Instant commitTime() {
            return COMMIT_TIME;
        }

        @Override
        public Position position() {
            return new Position(commitLsn, all.size() - 1L);
        }

        @Override
        public long size() {
            return all.size();
        }

        @Override
        public ChangeCursor cursor() {
            return new ChangeCursor() {
                private int index = -1;

                @Override
                public boolean next() {
                    return ++index < all.size();
                }

                @Override
                public SourceChange change() {
                    return all.get(index);
                }

                @Override
                public Position position() {
                    return new Position(commitLsn, index);
                }

                @Override
                public boolean last() {
                    return index == all.size() - 1;
                }
            };
        }
    }

    public static SourceEvent.Transaction transaction(long commitLsn, SourceChange... changes) {
        return new GivenTransaction(771, commitLsn, commitLsn + 0x38, List.of(changes));
    }

    public static ElementMetadata metadata(String id) {
        return new ElementMetadata(
                new ElementReference("shop", id), List.of(id.substring(0, id.indexOf(':'))), EFFECTIVE_FROM);
    }

    public static ElementProperties properties(Object... namesAndValues) {
        Map<String, ElementValue> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], (ElementValue) namesAndValues[i + 1]);
        }
        return ElementProperties.of(map);
    }

    public static Element element(String id, Object... namesAndValues) {
        return new Element.Node(metadata(id), properties(namesAndValues));
    }

    public static SourceChange.Insert insert(String id, Object... namesAndValues) {
        return new SourceChange.Insert(element(id, namesAndValues));
    }
}
