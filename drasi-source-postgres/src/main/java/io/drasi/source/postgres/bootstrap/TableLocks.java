// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.source.postgres.error.TableChangedException;
import io.drasi.source.postgres.schema.CatalogTable;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Keeps the tables of a snapshot readable. To a snapshot that is older, a table that was rewritten (by most forms of ALTER
 * COLUMN TYPE, for example) looks empty, and a table is read by its name of the present. So all tables are locked against
 * that until the end of the transaction, as pg_dump does, and looked at once they are.
 */
final class TableLocks {
    private static final int FIRST_WITH_PARTITION_TREE = 120_000;
    private static final int FIRST_WITH_PENDING_DETACHMENT = 140_000;

    /** The tables and, of a partitioned one, its partitions, as the snapshot has them. */
    private static final String TREE = """
            WITH RECURSIVE tree(root, oid) AS (
              SELECT c.oid, c.oid FROM pg_class c WHERE c.oid IN (%s)
              UNION ALL
              SELECT t.root, i.inhrelid FROM tree t
                JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p' JOIN pg_inherits i ON i.inhparent = p.oid%s)
            """;

    /** A function that looks into the catalog looks at the present; a query has what the snapshot has. */
    private static final String REWRITTEN = "SELECT t.root FROM tree t JOIN pg_class c ON c.oid = t.oid"
            + " WHERE c.relkind = 'r' AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode";

    private static final String RENAMED = "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            + " JOIN tree t ON t.root = c.oid AND t.oid = c.oid"
            + " WHERE to_regclass(quote_ident(n.nspname) || '.' || quote_ident(c.relname)) IS DISTINCT FROM c.oid";

    private static final String PARTITIONED_OTHERWISE = "SELECT c.oid FROM pg_class c"
            + " WHERE c.relkind = 'p' AND c.oid IN (SELECT root FROM tree)"
            + " AND (SELECT array_agg(t.oid ORDER BY t.oid) FROM tree t WHERE t.root = c.oid)"
            + " IS DISTINCT FROM (SELECT array_agg(p.relid::oid ORDER BY p.relid::oid) FROM pg_partition_tree(c.oid) p)";

    private final List<CatalogTable> tables;

    TableLocks(List<CatalogTable> tables) {
        this.tables = tables;
    }

    /**
     * @param connection in the snapshot's transaction
     * @throws TableChangedException if a table can't be read any more as the snapshot has it
     */
    void take(PostgresConnection connection) {
        if (tables.isEmpty()) {
            return;
        }
        // A query's lock stays too, and it does with rights on the columns, where LOCK TABLE wants them on the table.
        tables.forEach(table -> connection.query(TableSelect.nothing(table)));
        String oids = tables.stream().map(table -> Long.toString(table.oid())).collect(Collectors.joining(", "));
        int version = connection.serverVersionNumber();
        // One that is being detached concurrently, or was left in the middle of that, is no part of the tree any more.
        String detaching = version >= FIRST_WITH_PENDING_DETACHMENT ? " AND NOT i.inhdetachpending" : "";
        String sql = TREE.formatted(oids, detaching) + REWRITTEN + " UNION " + RENAMED
                + (version >= FIRST_WITH_PARTITION_TREE ? " UNION " + PARTITIONED_OTHERWISE : "");
        for (Row row : connection.query(sql).rows()) {
            long oid = Long.parseLong(row.required(0));
            String label = tables.stream()
                    .filter(table -> table.oid() == oid)
                    .findFirst()
                    .orElseThrow()
                    .name()
                    .label();
            throw new TableChangedException("table " + label + " was rewritten, renamed or given other partitions just"
                    + " after the snapshot was taken: the bootstrap begins again");
        }
    }
}
