// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.PropertyNames;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.TypeCodec;
import io.drasi.source.postgres.types.binary.BinaryCodec;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of a table look at a place in the stream, or in a snapshot: everything that its rows share, worked out
 * once. Immutable.
 */
public final class TableShape {
    private final TableName table;
    private final String label;
    private final List<String> labels;
    private final String idPrefix;
    private final PropertyNames names;
    private final List<CatalogColumn> columns;
    private final TypeCodec[] codecs;
    private final @Nullable BinaryCodec[] binaryCodecs;
    private final boolean[] identityColumn;
    private final ReplicaIdentity identity;
    private final RowKey key;

    /**
     * @param identityColumns names of the columns whose old values the server sends; with FULL not looked at
     * @param configuredKey the key columns from the configuration; empty: none
     * @param types has learned of the columns' types, unless no row is read by this shape
     * @throws io.drasi.source.postgres.error.SetupException if a configured key column does not exist
     */
    public TableShape(
            TableName table,
            List<CatalogColumn> columns,
            ReplicaIdentity identity,
            List<String> identityColumns,
            CatalogKeys keys,
            List<String> configuredKey,
            DatabaseTypes types) {
        this.table = table;
        this.label = table.label();
        this.labels = List.of(label);
        this.idPrefix = label + ":";
        this.columns = List.copyOf(columns);
        List<String> columnNames = columns.stream().map(CatalogColumn::name).toList();
        this.names = PropertyNames.of(columnNames);
        this.codecs = new TypeCodec[columns.size()];
        this.binaryCodecs = new BinaryCodec[columns.size()];
        this.identityColumn = new boolean[columns.size()];
        List<String> identityNames = new ArrayList<>();
        BinaryTypes binaryTypes = new BinaryTypes(types);
        for (int i = 0; i < codecs.length; i++) {
            codecs[i] = types.columnCodec(columns.get(i).typeOid());
            binaryCodecs[i] = binaryTypes.codec(columns.get(i).typeOid());
            identityColumn[i] = (identity == ReplicaIdentity.FULL || identityColumns.contains(columnNames.get(i)))
                    && keys.told(columnNames.get(i));
            if (identityColumn[i]) {
                identityNames.add(columnNames.get(i));
            }
        }
        // What not all partitions keep to is no FULL: their old rows come as if they were whole, with NULLs.
        boolean partly = identity == ReplicaIdentity.FULL && identityNames.size() < columnNames.size();
        this.identity = partly ? ReplicaIdentity.INDEX : identity;
        this.key = KeyChoice.choose(table, columnNames, this.identity, identityNames, keys, configuredKey);
    }

    /** The shape of a table as the catalog has it. */
    public static TableShape of(CatalogTable table, List<String> configuredKey, DatabaseTypes types) {
        return new TableShape(
                table.name(),
                table.columns(),
                table.identity(),
                table.columnNames().stream().filter(table::inIdentity).toList(),
                table.keys(),
                configuredKey,
                types);
    }

    public TableName table() {
        return table;
    }

    public String label() {
        return label;
    }

    /** The labels of the table's elements; one list shared by all. */
    public List<String> labels() {
        return labels;
    }

    /** What every element id of the table begins with. */
    public String idPrefix() {
        return idPrefix;
    }

    public PropertyNames names() {
        return names;
    }

    public List<CatalogColumn> columns() {
        return columns;
    }

    public TypeCodec codec(int column) {
        return codecs[column];
    }

    /** {@code null} if the binary form of the column's type is not to be relied on. */
    public @Nullable BinaryCodec binaryCodec(int column) {
        return binaryCodecs[column];
    }

    /** Whether the server sends the old value of the column when a row is deleted. */
    public boolean inIdentity(int column) {
        return identityColumn[column];
    }

    public ReplicaIdentity identity() {
        return identity;
    }

    public RowKey key() {
        return key;
    }

    /** Whether the ids of rows are made of values of that type, or of some that contain it. */
    boolean idsContain(long typeOid, DatabaseTypes types) {
        if (key instanceof RowKey.Columns keyColumns) {
            return keyColumns.indexes().stream()
                    .anyMatch(index -> types.contains(columns.get(index).typeOid(), typeOid));
        }
        return key instanceof RowKey.Content
                && columns.stream().anyMatch(column -> types.contains(column.typeOid(), typeOid));
    }

    /**
     * Whether the server tells the key of a row that it updates or deletes. A configured key may lie outside the replica
     * identity that the table had at this place in the log.
     */
    public boolean keyInIdentity() {
        return !(key instanceof RowKey.Columns columns)
                || columns.indexes().stream().allMatch(this::inIdentity);
    }
}
