// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

/**
 * A column of a {@link PgOutputMessage.Relation}.
 *
 * @param key part of the replica identity; with REPLICA IDENTITY FULL true for every column
 * @param typeOid 0 to 4,294,967,295
 * @param typeModifier {@code atttypmod}; -1 for none
 */
public record RelationColumn(boolean key, String name, long typeOid, int typeModifier) {}
