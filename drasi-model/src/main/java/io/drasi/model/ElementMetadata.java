// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.List;
import java.util.Objects;

/**
 * What is known of an element besides its properties.
 *
 * @param reference which element
 * @param labels the element's labels, at least one
 * @param effectiveFrom when the change took effect: <b>nanoseconds</b> since 1970-01-01T00:00:00Z. The commit time of the
 *     transaction, or for a snapshot's rows the time at which the snapshot was taken, so that a replay gives the same
 *     value
 */
public record ElementMetadata(ElementReference reference, List<String> labels, long effectiveFrom) {
    public ElementMetadata {
        Objects.requireNonNull(reference, "reference");
        labels = List.copyOf(labels);
    }
}
