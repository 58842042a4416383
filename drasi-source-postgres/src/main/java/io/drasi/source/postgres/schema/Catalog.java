// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Asks the server's catalog about publications, tables, keys and types. Uses the connection it is given; one thread. */
public final class Catalog {
    /** The first version that publishes partitions under the name of their root. */
    private static final int FIRST_WITH_PARTITION_ROOTS = 130_000;

    private static final int FIRST_WITH_MULTIRANGES = 140_000;

    private static final String BASE_TYPE = """
            (WITH RECURSIVE base(oid, typtype, typbasetype) AS (
               SELECT b.oid, b.typtype, b.typbasetype FROM pg_type b WHERE b.oid = %1$s
               UNION ALL
               SELECT b.oid, b.typtype, b.typbasetype FROM base JOIN pg_type b ON base.typtype = 'd' AND b.oid = base.typbasetype)
             SELECT oid FROM base WHERE typtype <> 'd')""";

    /** The types that are asked for, and those they are made of, that are not built in. */
    private static final String TYPES = """
            WITH RECURSIVE wanted(oid) AS (
              SELECT oid FROM pg_type WHERE oid IN (%1$s)
              UNION
              SELECT part.oid FROM wanted w JOIN pg_type t ON t.oid = w.oid CROSS JOIN LATERAL (
                SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
                UNION ALL SELECT t.typelem WHERE t.typoutput = 'array_out'::regproc
                UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid
                UNION ALL SELECT r.rngtypid FROM pg_range r WHERE t.typtype = 'm' AND r.%2$s = t.oid
                UNION ALL SELECT a.atttypid FROM pg_attribute a
                  WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS part
              WHERE part.oid >= 10000)
            """;

    private static final String KINDS = """
            SELECT t.oid, format_type(t.oid, NULL), t.typtype, t.typoutput = 'array_out'::regproc, t.typelem,
              coalesce(e.typdelim, ','), t.typbasetype, r.rngsubtype, t.typname, x.extname, m.rngtypid
            FROM wanted w JOIN pg_type t ON t.oid = w.oid LEFT JOIN pg_type e ON e.oid = t.typelem
              LEFT JOIN pg_range r ON r.rngtypid = t.oid
              LEFT JOIN pg_range m ON t.typtype = 'm' AND m.%2$s = t.oid
              LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
                AND d.refclassid = 'pg_extension'::regclass
              LEFT JOIN pg_extension x ON x.oid = d.refobjid""";

    private static final String ATTRIBUTES = """
            SELECT t.oid, a.attname, a.atttypid
            FROM wanted w JOIN pg_type t ON t.oid = w.oid JOIN pg_attribute a ON a.attrelid = t.typrelid
            WHERE t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum""";

    private static final String LABELS = "SELECT e.enumtypid, e.enumlabel FROM pg_enum e WHERE e.enumtypid IN (%s)";

    private static final String PUBLISHED_TABLES =
            " FROM pg_publication_tables pt JOIN pg_namespace n ON n.nspname = pt.schemaname"
                    + " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = pt.tablename";

    private final Function<String, QueryResult> query;
    private final int serverVersion;

    /**
     * @param query runs one SQL statement
     * @param serverVersion as {@code server_version_num}, e.g. 180006
     */
    public Catalog(Function<String, QueryResult> query, int serverVersion) {
        this.query = query;
        this.serverVersion = serverVersion;
    }

    /** The publication of that name with all its tables; empty if there is none. */
    public Optional<Publication> publication(String name) {
        QueryResult result =
                query.apply("SELECT pubupdate OR pubdelete FROM pg_publication WHERE pubname = " + Sql.literal(name));
        if (result.rows().isEmpty()) {
            return Optional.empty();
        }
        boolean changesRows = result.rows().get(0).required(0).equals("t");
        return Optional.of(new Publication(name, changesRows, tables(name)));
    }

    /** The keys of one table as they are now; none if the table is gone. */
    public CatalogKeys keys(long tableOid) {
        CatalogKeys keys = keysWhere("i.indrelid = " + tableOid).getOrDefault(tableOid, CatalogKeys.NONE);
        Set<String> told = toldByPartitions("c.oid = " + tableOid).get(tableOid);
        return told == null ? keys : keys.limitedTo(told);
    }

    /**
     * What the catalog says of types and of all that they are made of.
     *
     * @return by OID, those of {@code typeOids} and below that are not built in and that there are
     */
    public Map<Long, PgType> types(Collection<Long> typeOids) {
        String oids = typeOids.stream()
                .filter(oid -> oid >= DatabaseTypes.FIRST_OID)
                .map(String::valueOf)
                .sorted()
                .distinct()
                .collect(Collectors.joining(","));
        Map<Long, PgType> types = new HashMap<>();
        if (oids.isEmpty()) {
            return types;
        }
        // Where there is no such column there is no such type, and any other serves in its place.
        String multirange = serverVersion >= FIRST_WITH_MULTIRANGES ? "rngmultitypid" : "rngtypid";
        Map<Long, List<PgType.Attribute>> attributes = new HashMap<>();
        for (Row row :
                query.apply((TYPES + ATTRIBUTES).formatted(oids, multirange)).rows()) {
            attributes
                    .computeIfAbsent(Long.valueOf(row.required(0)), oid -> new ArrayList<>())
                    .add(new PgType.Attribute(row.required(1), Long.parseLong(row.required(2))));
        }
        for (Row row : query.apply((TYPES + KINDS).formatted(oids, multirange)).rows()) {
            long oid = Long.parseLong(row.required(0));
            types.put(oid, type(row, attributes.getOrDefault(oid, List.of())));
        }
        putLabels(types);
        return types;
    }

    private void putLabels(Map<Long, PgType> types) {
        Map<Long, Set<String>> labels = new HashMap<>();
        types.forEach((oid, type) -> {
            if (type instanceof PgType.Enumerated) {
                labels.put(oid, new HashSet<>());
            }
        });
        if (labels.isEmpty()) {
            return;
        }
        String oids = labels.keySet().stream().map(String::valueOf).collect(Collectors.joining(","));
        for (Row row : query.apply(LABELS.formatted(oids)).rows()) {
            Objects.requireNonNull(labels.get(Long.valueOf(row.required(0)))).add(row.required(1));
        }
        labels.forEach((oid, all) -> types.computeIfPresent(
                oid, (same, type) -> new PgType.Enumerated(((PgType.Enumerated) type).name(), all)));
    }

    /** Where the server's log ends, or on a standby what it has replayed of it. */
    public Lsn logEnd() {
        return Lsn.parse(query.apply("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
                        + " ELSE pg_current_wal_lsn() END")
                .single()
                .required(0));
    }

    /** The name of a column's type, with its length or scale. */
    public String typeName(CatalogColumn column) {
        return query.apply("SELECT format_type(" + column.typeOid() + ", " + column.typeModifier() + ")")
                .single()
                .required(0);
    }

    private static PgType type(Row row, List<PgType.Attribute> attributes) {
        String name = row.required(1);
        // A domain over an array has the output function of the array, but no elements.
        if (row.required(3).equals("t") && !row.required(2).equals("d")) {
            return new PgType.Array(
                    name, Long.parseLong(row.required(4)), row.required(5).charAt(0));
        }
        return switch (row.required(2)) {
            case "d" -> new PgType.Domain(Long.parseLong(row.required(6)));
            case "c" -> new PgType.Composite(name, attributes);
            case "r" -> new PgType.Range(name, Long.parseLong(row.required(7)));
            case "m" -> new PgType.Multirange(name, Long.parseLong(row.required(10)));
            case "e" -> new PgType.Enumerated(name, Set.of());
            default -> new PgType.Base(row.required(8), row.text(9).orElse(""));
        };
    }

    private List<CatalogTable> tables(String publication) {
        Map<Long, List<CatalogColumn>> columns = columns(publication);
        Map<Long, CatalogKeys> keys =
                keysWhere("i.indrelid IN (SELECT c.oid" + PUBLISHED_TABLES + of(publication) + ")");
        Map<Long, Set<String>> toldByPartitions =
                toldByPartitions("c.oid IN (SELECT c.oid" + PUBLISHED_TABLES + of(publication) + ")");
        toldByPartitions.forEach((oid, told) ->
                keys.put(oid, keys.getOrDefault(oid, CatalogKeys.NONE).limitedTo(told)));
        QueryResult result = query.apply("SELECT c.oid, n.nspname, c.relname, c.relkind, c.relreplident,"
                + " row_security_active(c.oid), " + (serverVersion >= 150_000 ? "pt.rowfilter" : "NULL")
                + PUBLISHED_TABLES + of(publication) + " ORDER BY n.nspname, c.relname");
        List<CatalogTable> tables = new ArrayList<>();
        for (Row row : result.rows()) {
            long oid = Long.parseLong(row.required(0));
            tables.add(new CatalogTable(
                    oid,
                    new TableName(row.required(1), row.required(2)),
                    row.required(3).equals("p"),
                    identity(row.required(4)),
                    columns.getOrDefault(oid, List.of()),
                    keys.getOrDefault(oid, CatalogKeys.NONE),
                    row.text(6),
                    row.required(5).equals("t")));
        }
        return tables;
    }

    /** The OIDs of all types that published columns have. */
    public Set<Long> publishedTypes(String publication) {
        return query.apply("SELECT DISTINCT a.atttypid" + publishedColumns(publication)).rows().stream()
                .map(row -> Long.valueOf(row.required(0)))
                .collect(Collectors.toSet());
    }

    /**
     * Published columns that have one of these types, as {@code table.column (type)}.
     *
     * @param limit how many at most
     */
    public List<String> publishedColumns(String publication, Set<Long> typeOids, int limit) {
        String oids = typeOids.stream().map(String::valueOf).collect(Collectors.joining(","));
        return query
                .apply("SELECT c.oid::regclass || '.' || quote_ident(a.attname) || ' (' ||"
                        + " format_type(a.atttypid, a.atttypmod) || ')'"
                        + publishedColumns(publication) + " AND a.atttypid IN (" + oids + ")"
                        + " ORDER BY n.nspname, c.relname, a.attnum LIMIT " + limit)
                .rows()
                .stream()
                .map(row -> row.required(0))
                .toList();
    }

    private String publishedColumns(String publication) {
        StringBuilder sql = new StringBuilder(PUBLISHED_TABLES)
                .append(" JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid")
                .append(of(publication))
                .append(" AND a.attnum > 0 AND NOT a.attisdropped");
        if (serverVersion >= 150_000) {
            sql.append(" AND a.attname = ANY (pt.attnames)");
        }
        if (serverVersion >= 120_000 && serverVersion < 180_000) {
            sql.append(" AND a.attgenerated = ''"); // published from 18 on, where attnames tells whether
        }
        return sql.toString();
    }

    private Map<Long, List<CatalogColumn>> columns(String publication) {
        String sql = "SELECT a.attrelid, a.attname, a.atttypid, CASE t.typtype WHEN 'd' THEN "
                + BASE_TYPE.formatted("t.oid") + " ELSE t.oid END, a.atttypmod" + publishedColumns(publication)
                + " ORDER BY a.attrelid, a.attnum";
        Map<Long, List<CatalogColumn>> columns = new HashMap<>();
        for (Row row : query.apply(sql).rows()) {
            columns.computeIfAbsent(Long.valueOf(row.required(0)), oid -> new ArrayList<>())
                    .add(new CatalogColumn(
                            row.required(1),
                            Long.parseLong(row.required(2)),
                            Long.parseLong(row.required(3)),
                            Integer.parseInt(row.required(4))));
        }
        return columns;
    }

    private static String of(String publication) {
        return " WHERE pt.pubname = " + Sql.literal(publication);
    }

    private Map<Long, CatalogKeys> keysWhere(String condition) {
        String keyColumns = serverVersion >= 110_000 ? "i.indnkeyatts" : "i.indnatts";
        QueryResult result = query.apply("SELECT i.indrelid, i.indisprimary, i.indisreplident, a.attname,"
                + " i.indimmediate AND i.indisvalid FROM pg_index i"
                + " CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)"
                + " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
                + " WHERE (i.indisprimary OR i.indisreplident) AND k.place <= " + keyColumns + " AND "
                + condition
                + " ORDER BY i.indrelid, i.indexrelid, k.place");
        Map<Long, List<String>> primary = new LinkedHashMap<>();
        Map<Long, List<String>> identity = new LinkedHashMap<>();
        Set<Long> deferrable = new HashSet<>();
        Map<Long, CatalogKeys> keys = new HashMap<>();
        for (Row row : result.rows()) {
            Long table = Long.valueOf(row.required(0));
            if (row.required(1).equals("t")) {
                primary.computeIfAbsent(table, oid -> new ArrayList<>()).add(row.required(3));
            }
            if (row.required(1).equals("t") && row.required(4).equals("f")) {
                deferrable.add(table);
            }
            if (row.required(2).equals("t")) {
                identity.computeIfAbsent(table, oid -> new ArrayList<>()).add(row.required(3));
            }
            keys.put(table, CatalogKeys.NONE);
        }
        keys.replaceAll((table, none) -> new CatalogKeys(
                primary.getOrDefault(table, List.of()),
                identity.getOrDefault(table, List.of()),
                !deferrable.contains(table)));
        return keys;
    }

    /**
     * The columns that the old rows of all partitions tell, by the OID of the root; none for a root without such a limit.
     * Partitions without a replica identity send no old rows.
     */
    private Map<Long, Set<String>> toldByPartitions(String condition) {
        Map<Long, Set<String>> told = new HashMap<>();
        if (serverVersion < FIRST_WITH_PARTITION_ROOTS) {
            return told;
        }
        QueryResult partitions = query.apply("SELECT c.oid, p.oid, p.relreplident FROM pg_class c"
                + " CROSS JOIN LATERAL pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid"
                + " WHERE c.relkind = 'p' AND t.isleaf AND p.relreplident IN ('d', 'i') AND " + condition);
        if (partitions.rows().isEmpty()) {
            return told;
        }
        Map<Long, CatalogKeys> keys = keysWhere("i.indrelid IN ("
                + partitions.rows().stream().map(row -> row.required(1)).collect(Collectors.joining(",")) + ")");
        for (Row row : partitions.rows()) {
            CatalogKeys own = keys.getOrDefault(Long.valueOf(row.required(1)), CatalogKeys.NONE);
            List<String> columns = identity(row.required(2)) == ReplicaIdentity.INDEX
                    ? own.identityIndex()
                    : own.primaryKeyIdentifies() ? own.primaryKey() : List.of();
            if (!columns.isEmpty()) {
                told.computeIfAbsent(Long.valueOf(row.required(0)), oid -> new HashSet<>(columns))
                        .retainAll(columns);
            }
        }
        return told;
    }

    private static ReplicaIdentity identity(String relreplident) {
        return switch (relreplident) {
            case "f" -> ReplicaIdentity.FULL;
            case "i" -> ReplicaIdentity.INDEX;
            case "n" -> ReplicaIdentity.NOTHING;
            default -> ReplicaIdentity.DEFAULT;
        };
    }
}
