// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.util.List;
import java.util.Set;

/** What {@code pg_type} says of a type that is not built in, as far as it matters for reading its values. */
public sealed interface PgType {
    /**
     * A type of its own: its text is its value, unless the extension that brought it is known here.
     *
     * @param name without its schema, where an extension can lie anywhere
     * @param extension that the type belongs to; empty: none
     */
    record Base(String name, String extension) implements PgType {}

    /** @param baseOid the type that the domain is made of, maybe another domain */
    record Domain(long baseOid) implements PgType {}

    /** @param delimiter what stands between two elements in the text */
    record Array(String name, long elementOid, char delimiter) implements PgType {}

    record Range(String name, long subtypeOid) implements PgType {}

    /** @param rangeOid the type of the ranges that it is made of */
    record Multirange(String name, long rangeOid) implements PgType {}

    record Enumerated(String name, Set<String> labels) implements PgType {
        public Enumerated {
            labels = Set.copyOf(labels);
        }
    }

    /** @param attributes those that have not been dropped, in order */
    record Composite(String name, List<Attribute> attributes) implements PgType {
        public Composite {
            attributes = List.copyOf(attributes);
        }
    }

    record Attribute(String name, long typeOid) {}
}
