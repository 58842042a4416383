// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.ElementMetadata;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.source.postgres.schema.TableName;
import io.drasi.source.postgres.transaction.ChangeSelection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Takes the changes of the labels that a subscription wants. */
final class LabelFilter implements ChangeSelection {
    private final Set<String> labels;

    /**
     * @param labels also in the form {@code schema.table}; empty: all
     * @throws IllegalArgumentException if one can't be read
     */
    LabelFilter(Set<String> labels) {
        this.labels =
                labels.stream().map(text -> TableName.parse(text).label()).collect(Collectors.toUnmodifiableSet());
    }

    boolean takesAll() {
        return labels.isEmpty();
    }

    boolean takes(String label) {
        return labels.isEmpty() || labels.contains(label);
    }

    /** The wanted labels that are not among {@code known}, sorted. */
    Set<String> unknown(Set<String> known) {
        Set<String> unknown = new TreeSet<>(labels);
        unknown.removeAll(known);
        return unknown;
    }

    @Override
    public Optional<SourceChange> take(SourceChange change, Position position) {
        if (change instanceof SourceChange.Truncate truncate) {
            List<String> wanted = new ArrayList<>(truncate.labels());
            wanted.removeIf(label -> !takes(label));
            return wanted.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new SourceChange.Truncate(
                            wanted, truncate.effectiveFrom(), truncate.cascade(), truncate.restartIdentity()));
        }
        return metadata(change).labels().stream().anyMatch(this::takes) ? Optional.of(change) : Optional.empty();
    }

    private static ElementMetadata metadata(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            return insert.element().metadata();
        }
        if (change instanceof SourceChange.Update update) {
            return update.element().metadata();
        }
        if (change instanceof SourceChange.Delete delete) {
            return delete.metadata();
        }
        throw new IllegalArgumentException("a PostgreSQL source makes no " + change);
    }
}
