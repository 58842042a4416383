// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.source.postgres.types.TypeOid;
import java.util.Set;

/**
 * A published column.
 *
 * @param typeOid the column's type
 * @param baseTypeOid the type under it when that is a domain, else the same
 * @param typeModifier such as a length or a scale, as {@code pg_attribute.atttypmod}; -1: none
 */
public record CatalogColumn(String name, long typeOid, long baseTypeOid, int typeModifier) {
    private static final Set<Long> INTEGERS = Set.of(TypeOid.INT2, TypeOid.INT4, TypeOid.INT8);
    private static final Set<Long> TEXTS = Set.of(TypeOid.TEXT, TypeOid.VARCHAR);

    boolean sameType(CatalogColumn other) {
        return typeOid == other.typeOid && typeModifier == other.typeModifier;
    }

    /** Whether a row keeps its value here, to the letter, when the column becomes {@code other} in place. */
    boolean keepsValues(CatalogColumn other) {
        return sameType(other)
                || (INTEGERS.contains(baseTypeOid) && INTEGERS.contains(other.baseTypeOid))
                || (TEXTS.contains(baseTypeOid) && TEXTS.contains(other.baseTypeOid) && other.hasRoomFor(this));
    }

    /** A text that gets too long may lose blanks at its end. */
    private boolean hasRoomFor(CatalogColumn text) {
        return typeModifier < 0 || (text.typeModifier >= 0 && text.typeModifier <= typeModifier);
    }
}
