// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementProperties;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts what random histories were made of, so that one sees that they were made of something. For any thread. */
final class RandomTally {
    private final Map<String, Integer> counts = new TreeMap<>();

    void count(List<SourceEvent> events) {
        for (SourceEvent event : events) {
            if (event instanceof SourceEvent.BootstrapCompleted) {
                count("bootstraps", 1);
            } else if (event instanceof SourceEvent.SchemaChanged) {
                count("schema changes", 1);
            } else if (event instanceof SourceEvent.Transaction transaction) {
                count("transactions", 1);
                transaction.changes().forEach(this::count);
            }
        }
    }

    private void count(SourceChange change) {
        count("changes", 1);
        if (change instanceof SourceChange.Update update
                && lacksSomething(update.element().properties())) {
            count("updates without an unchanged value", 1);
        } else if (change instanceof SourceChange.Insert insert
                && !insert.unchanged().isEmpty()) {
            count("new keys without an unchanged value", 1);
        }
    }

    private static boolean lacksSomething(ElementProperties properties) {
        return properties.toMap().size() < properties.names().size();
    }

    synchronized void count(String what, int more) {
        counts.merge(what, more, Integer::sum);
    }

    @Override
    public synchronized String toString() {
        return counts.toString();
    }
}
