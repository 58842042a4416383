// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tables cut into parts that can be read at the same time: from PostgreSQL 14 on a range of pages is read without looking at
 * the others, and partitions are read one by one.
 *
 * @param parts all rows of all tables
 * @param connections to read them on
 */
record TableParts(List<TablePart> parts, int connections) {
    private static final int FIRST_WITH_RANGE_SCANS = 140_000;
    /** 64 MiB of pages of 8 KiB: enough that the begin of a COPY does not count. */
    private static final long PAGES = 8192;
    /** 8 MiB: not worth another connection. */
    private static final long LITTLE = 1024;

    private static final String SIZE = "pg_relation_size(c.oid) / current_setting('block_size')::bigint";

    /** The tables that have rows, and whether they may be read without their root's name, in the way of a table that has none. */
    private static final String LEAVES = "SELECT t.root, format('ONLY %%I.%%I', n.nspname, c.relname), " + SIZE
            + ", c.relkind = 'r' AND NOT c.relrowsecurity AND has_table_privilege(c.oid, 'SELECT')"
            + " FROM (SELECT r.oid AS root, p.relid FROM pg_class r, pg_partition_tree(r.oid) p"
            + " WHERE r.oid IN (%s) AND p.isleaf) t"
            + " JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, c.oid";

    /**
     * What is read of a table at a time at most, apart from ranges.
     *
     * @param pages how many there are now
     * @param many whether they are those of several tables, so that there are no ranges
     */
    private record Piece(CatalogTable table, String from, long pages, boolean many) {
        static Piece root(CatalogTable table, long pages) {
            return new Piece(table, TableSelect.from(table), pages, true);
        }
    }

    /**
     * Cuts tables for several connections, the largest pieces first, so that none is left with one at the end. If there is
     * little to read, it is one part for each table, in their order, for one connection.
     *
     * @param most connections
     */
    static TableParts of(PostgresConnection connection, List<CatalogTable> tables, int most) {
        List<Piece> pieces = most > 1 ? pieces(connection, tables) : List.of();
        if (pieces.stream().mapToLong(Piece::pages).sum() <= LITTLE) {
            return new TableParts(tables.stream().map(TablePart::whole).toList(), 1);
        }
        boolean ranges = connection.serverVersionNumber() >= FIRST_WITH_RANGE_SCANS;
        List<TablePart> parts = new ArrayList<>();
        pieces.stream()
                .sorted(Comparator.comparing(Piece::pages).reversed())
                .forEach(piece -> addParts(piece, ranges, parts));
        return new TableParts(parts, Math.min(most, parts.size()));
    }

    private static void addParts(Piece piece, boolean ranges, List<TablePart> parts) {
        if (piece.pages() <= PAGES || !ranges || piece.many()) {
            parts.add(TablePart.whole(piece.table(), piece.from()));
            return;
        }
        for (long first = 0; first < piece.pages(); first += PAGES) {
            // Whatever is behind the last page now belongs to the last part.
            long end = first + PAGES < piece.pages() ? first + PAGES : TablePart.OPEN;
            parts.add(new TablePart(piece.table(), piece.from(), first, end));
        }
    }

    private static List<Piece> pieces(PostgresConnection connection, List<CatalogTable> tables) {
        Map<Long, Long> pages = pages(connection, tables);
        Map<Long, List<Piece>> leaves = leaves(connection, tables);
        List<Piece> pieces = new ArrayList<>();
        for (CatalogTable table : tables) {
            if (table.partitioned()) {
                pieces.addAll(leaves.getOrDefault(table.oid(), List.of()));
            } else {
                pieces.add(new Piece(table, TableSelect.from(table), pages.getOrDefault(table.oid(), 0L), false));
            }
        }
        return pieces;
    }

    private static Map<Long, Long> pages(PostgresConnection connection, List<CatalogTable> tables) {
        Map<Long, Long> pages = new HashMap<>();
        if (!tables.isEmpty()) {
            connection
                    .query("SELECT c.oid, " + SIZE + " FROM pg_class c WHERE c.oid IN (" + oids(tables) + ")")
                    .rows()
                    .stream()
                    .filter(row -> row.text(1).isPresent())
                    .forEach(row -> pages.put(Long.valueOf(row.required(0)), Long.valueOf(row.required(1))));
        }
        return pages;
    }

    /** The partitions of each partitioned table; the whole of one as a single piece if its partitions can't be read alone. */
    private static Map<Long, List<Piece>> leaves(PostgresConnection connection, List<CatalogTable> tables) {
        Map<Long, CatalogTable> roots = new HashMap<>();
        tables.stream().filter(CatalogTable::partitioned).forEach(table -> roots.put(table.oid(), table));
        Map<Long, List<Piece>> leaves = new HashMap<>();
        if (roots.isEmpty()) { // always before 13, where none could be published
            return leaves;
        }
        Set<Long> closed = new HashSet<>();
        for (Row row : connection.query(LEAVES.formatted(oids(roots.values()))).rows()) {
            long oid = Long.parseLong(row.required(0));
            CatalogTable root = Objects.requireNonNull(roots.get(oid));
            leaves.computeIfAbsent(oid, key -> new ArrayList<>())
                    .add(new Piece(
                            root, row.required(1), Long.parseLong(row.text(2).orElse("0")), false));
            if (!row.requiredBoolean(3)) {
                closed.add(oid);
            }
        }
        roots.forEach((oid, root) -> {
            long pages = leaves.getOrDefault(oid, List.of()).stream()
                    .mapToLong(Piece::pages)
                    .sum();
            if (closed.contains(oid) || pages <= PAGES) {
                leaves.put(oid, List.of(Piece.root(root, pages)));
            }
        });
        return leaves;
    }

    private static String oids(Collection<CatalogTable> tables) {
        return tables.stream().map(table -> Long.toString(table.oid())).collect(Collectors.joining(", "));
    }
}
