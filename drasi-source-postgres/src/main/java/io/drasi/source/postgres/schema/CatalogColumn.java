// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

/**
 * A published column.
 *
 * @param typeOid the column's type
 * @param baseTypeOid the type under it when that is a domain, else the same
 */
public record CatalogColumn(String name, long typeOid, long baseTypeOid) {}
