// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

/**
 * A column of a {@link BackendMessage.RowDescription}.
 *
 * @param tableOid 0 if the field is not a table's column; 0 to 4,294,967,295
 * @param attributeNumber of the table's column, else 0; system columns have negative ones
 * @param typeOid 0 to 4,294,967,295
 * @param typeSize in bytes ({@code pg_type.typlen}); negative for variable width
 * @param typeModifier {@code atttypmod}; -1 for none
 */
public record Field(
        String name, long tableOid, int attributeNumber, long typeOid, int typeSize, int typeModifier, Format format) {}
