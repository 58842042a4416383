// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** One change of a source's elements. */
public sealed interface SourceChange {
    /**
     * A new element.
     *
     * @param previousId the id the element had before, when the change gave the element another id: the {@link Delete} of that
     *     id stands just before
     * @param unchanged with a {@code previousId}: names of properties that the source could not send because they did not
     *     change; they are absent from the element and are to be carried over from the previous one
     */
    record Insert(Element element, Optional<String> previousId, List<String> unchanged) implements SourceChange {
        public Insert {
            Objects.requireNonNull(element, "element");
            Objects.requireNonNull(previousId, "previousId");
            unchanged = List.copyOf(unchanged);
        }

        public Insert(Element element) {
            this(element, Optional.empty(), List.of());
        }
    }

    /**
     * New values of an element. A property that is absent is as before.
     *
     * @param before what the server sent of the old element, if anything
     */
    record Update(Element element, Optional<ElementProperties> before) implements SourceChange {
        public Update {
            Objects.requireNonNull(element, "element");
            Objects.requireNonNull(before, "before");
        }
    }

    /**
     * The end of an element.
     *
     * @param before what the server sent of the old element, if anything
     */
    record Delete(ElementMetadata metadata, Optional<ElementProperties> before) implements SourceChange {
        public Delete {
            Objects.requireNonNull(metadata, "metadata");
            Objects.requireNonNull(before, "before");
        }
    }

    /**
     * The end of all elements with one of these labels.
     *
     * @param labels labels of the truncated tables, at least one
     * @param effectiveFrom nanoseconds since the epoch, as in {@link ElementMetadata#effectiveFrom}
     * @param cascade whether the statement said CASCADE; the tables it reached are among the labels
     * @param restartIdentity whether the statement said RESTART IDENTITY
     */
    record Truncate(List<String> labels, long effectiveFrom, boolean cascade, boolean restartIdentity)
            implements SourceChange {
        public Truncate {
            labels = List.copyOf(labels);
        }
    }

    /**
     * A change that becomes due later, as continuous queries schedule them. A PostgreSQL source never makes one.
     *
     * @param originalTime nanoseconds since the epoch at which it was scheduled
     * @param dueTime nanoseconds since the epoch at which it becomes due
     * @param groupSignature tells apart the groups of one query
     */
    record Future(ElementReference reference, long originalTime, long dueTime, long groupSignature)
            implements SourceChange {
        public Future {
            Objects.requireNonNull(reference, "reference");
        }
    }
}
