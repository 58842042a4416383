// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Objects;

/** A node or a relation of the graph. A PostgreSQL source delivers each row as a {@link Node}. */
public sealed interface Element {
    ElementMetadata metadata();

    ElementProperties properties();

    /** A row, a document, a thing. */
    record Node(ElementMetadata metadata, ElementProperties properties) implements Element {
        public Node {
            Objects.requireNonNull(metadata, "metadata");
            Objects.requireNonNull(properties, "properties");
        }
    }

    /** A directed edge from {@code inNode} to {@code outNode}. */
    record Relation(
            ElementMetadata metadata, ElementReference inNode, ElementReference outNode, ElementProperties properties)
            implements Element {
        public Relation {
            Objects.requireNonNull(metadata, "metadata");
            Objects.requireNonNull(inNode, "inNode");
            Objects.requireNonNull(outNode, "outNode");
            Objects.requireNonNull(properties, "properties");
        }
    }
}
