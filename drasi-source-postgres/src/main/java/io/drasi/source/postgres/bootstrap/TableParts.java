// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Tables cut into parts that can be read at the same time: from PostgreSQL 14 on a range of pages is read without looking at
 * the others.
 *
 * @param parts all rows of all tables
 * @param connections to read them on
 */
record TableParts(List<TablePart> parts, int connections) {
    private static final int FIRST_WITH_RANGE_SCANS = 140_000;
    private static final int FIRST_WITH_PARTITION_TREE = 120_000;
    /** 64 MiB of pages of 8 KiB: enough that the begin of a COPY does not count. */
    private static final long PAGES = 8192;
    /** 8 MiB: not worth another connection. */
    private static final long LITTLE = 1024;

    /**
     * Cuts tables for several connections, the largest first, so that none is left with one at the end. If there is little to
     * read, it is one part for each table, in their order, for one connection.
     *
     * @param most connections
     */
    static TableParts of(PostgresConnection connection, List<CatalogTable> tables, int most) {
        Map<Long, Long> pages = most > 1 && !tables.isEmpty() ? pages(connection, tables) : Map.of();
        if (pages.values().stream().mapToLong(Long::longValue).sum() <= LITTLE) {
            return new TableParts(tables.stream().map(TablePart::whole).toList(), 1);
        }
        boolean cut = connection.serverVersionNumber() >= FIRST_WITH_RANGE_SCANS;
        List<TablePart> parts = new ArrayList<>();
        tables.stream()
                .sorted(Comparator.comparing((CatalogTable table) -> pages.getOrDefault(table.oid(), 0L))
                        .reversed())
                .forEach(table ->
                        addParts(table, cut && !table.partitioned() ? pages.getOrDefault(table.oid(), 0L) : 0, parts));
        return new TableParts(parts, Math.min(most, parts.size()));
    }

    private static void addParts(CatalogTable table, long pages, List<TablePart> parts) {
        if (pages <= PAGES) {
            parts.add(TablePart.whole(table));
            return;
        }
        for (long first = 0; first < pages; first += PAGES) {
            // Whatever is behind the last page now belongs to the last part.
            parts.add(new TablePart(table, first, first + PAGES < pages ? first + PAGES : TablePart.OPEN));
        }
    }

    private static Map<Long, Long> pages(PostgresConnection connection, List<CatalogTable> tables) {
        String oids = tables.stream().map(table -> Long.toString(table.oid())).collect(Collectors.joining(", "));
        String ofPartitions = connection.serverVersionNumber() >= FIRST_WITH_PARTITION_TREE
                ? "(SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid))::bigint"
                : "0";
        Map<Long, Long> pages = new HashMap<>();
        for (Row row : connection
                .query("SELECT c.oid, CASE c.relkind WHEN 'p' THEN " + ofPartitions
                        + " ELSE pg_relation_size(c.oid) END / current_setting('block_size')::bigint"
                        + " FROM pg_class c WHERE c.oid IN (" + oids + ")")
                .rows()) {
            row.text(1).ifPresent(size -> pages.put(Long.valueOf(row.required(0)), Long.valueOf(size)));
        }
        return pages;
    }
}
