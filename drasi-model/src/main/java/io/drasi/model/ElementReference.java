// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Objects;

/**
 * Names one element across all sources.
 *
 * @param sourceId the id of the source the element comes from
 * @param elementId the element's id within that source, e.g. {@code users:12345}
 */
public record ElementReference(String sourceId, String elementId) {
    public ElementReference {
        Objects.requireNonNull(sourceId, "sourceId");
        Objects.requireNonNull(elementId, "elementId");
    }

    @Override
    public String toString() {
        return sourceId + "/" + elementId;
    }
}
