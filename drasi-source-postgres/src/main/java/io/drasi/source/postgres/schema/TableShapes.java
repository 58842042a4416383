// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.Position;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.pgoutput.RelationColumn;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tables of a stream by their OID, in their shape at the place where the stream is. Each Relation message makes a
 * new shape; what it does not tell (the order of a key's columns, the types under domains) is asked of the catalog then,
 * before the first row. Lives as long as the source runs, so that a change is noticed across reconnects too, and one that
 * was announced before a reconnect is not announced again. One thread.
 */
public final class TableShapes {
    private final SelectedTables selected;
    private final DatabaseTypes types;
    private final FormatChoice format;
    private final Map<Long, Entry> byOid = new HashMap<>();
    /** Which table had a name last, of those that are read. */
    private final Map<TableName, Long> oidByName = new HashMap<>();

    /** Where the server's log ended when the catalog was asked for altered types. */
    private Lsn askedAt = Lsn.INVALID;

    /** Where the last Relation message stood, of all streams. */
    private Position last = Position.before(0);
    /** Up to here the stream gives again what an earlier one has given. */
    private Position repeatsUntil = Position.before(0);

    /**
     * What a Relation message has told.
     *
     * @param description empty if the table is left out
     * @param changes others than that of the description
     */
    public record Learned(Optional<TableDescription> description, List<ShapeChange> changes) {
        public Learned {
            changes = List.copyOf(changes);
        }
    }

    private sealed interface Entry {
        /** A table that is read. */
        record Wanted(ShapeHistory history) implements Entry {
            TableShape shape() {
                return history.current();
            }
        }

        /** A published table that the configuration leaves out. */
        record LeftOut() implements Entry {}
    }

    /**
     * @param types is told of the types of the columns
     * @param format is asked whether a table can be read in the format of the session
     */
    public TableShapes(SelectedTables selected, DatabaseTypes types, FormatChoice format) {
        this.selected = selected;
        this.format = format;
        this.types = types;
    }

    /** A stream begins, maybe with transactions that an earlier one has given. */
    public void beginStream() {
        repeatsUntil = last;
        byOid.values().forEach(entry -> {
            if (entry instanceof Entry.Wanted wanted) {
                wanted.history().beginStream();
            }
        });
    }

    /**
     * A row was read: if a value in it did not look like its type, the catalog is asked what has become of the type.
     *
     * @param position of the transaction that the row stands in
     * @return the tables whose rows have other ids now, since a label of an enum was renamed
     */
    public List<ShapeChange> afterRow(Position position, Catalog catalog) {
        // Of a row that committed before the catalog was asked it has nothing new to say, and such rows may go on for
        // long.
        if (!types.outdated() || Long.compareUnsigned(position.commitLsn(), askedAt.value()) < 0) {
            return List.of();
        }
        askedAt = catalog.logEnd();
        types.learn(catalog.types(types.oids()));
        return relabelled(position);
    }

    private List<ShapeChange> relabelled(Position position) {
        List<ShapeChange> changes = new ArrayList<>();
        types.takeRenamedLabels()
                .forEach((oid, renamed) -> byOid.values().forEach(entry -> {
                    if (entry instanceof Entry.Wanted wanted && wanted.shape().idsContain(oid, types)) {
                        changes.add(
                                new ShapeChange(SchemaDifference.relabelled(wanted.shape(), renamed, position), false));
                    }
                }));
        return changes;
    }

    /** Takes the shapes of a snapshot, so that the first Relation messages of the stream after it are compared with them. */
    public void expect(List<CatalogTable> tables) {
        for (CatalogTable table : tables) {
            if (selected.includes(table.name())) {
                TableShape shape = TableShape.of(table, selected.key(table.name()), types);
                byOid.put(table.oid(), new Entry.Wanted(new ShapeHistory(shape)));
                oidByName.put(table.name(), table.oid());
            }
        }
    }

    /**
     * Takes over what a Relation message says.
     *
     * @param position of the transaction it stands in
     * @param catalog is asked for what the message does not tell
     * @throws io.drasi.source.postgres.error.BinaryFormatException if the table's rows come in binary format, and it can't be
     *     read in that; nothing has been taken over then
     */
    public Learned define(PgOutputMessage.Relation relation, Position position, Catalog catalog) {
        TableName name = new TableName(relation.namespace(), relation.name());
        List<ShapeChange> changes = new ArrayList<>();
        Optional<TableDescription> description = Optional.empty();
        if (selected.includes(name)) {
            description = Optional.of(describe(relation, name, position, catalog));
        } else {
            leaveOut(relation, name, position).ifPresent(changes::add);
        }
        changes.addAll(relabelled(position)); // it may have been met since the last row
        return new Learned(description, changes);
    }

    private Optional<ShapeChange> leaveOut(PgOutputMessage.Relation relation, TableName name, Position position) {
        return byOid.put(relation.oid(), new Entry.LeftOut()) instanceof Entry.Wanted known
                ? Optional.of(
                        new ShapeChange(SchemaDifference.renamedAway(forget(known.shape()), name, position), false))
                : Optional.empty();
    }

    private TableDescription describe(
            PgOutputMessage.Relation relation, TableName name, Position position, Catalog catalog) {
        TableShape shape = shape(relation, name, catalog);
        format.require(shape, catalog);
        boolean again = position.compareTo(repeatsUntil) <= 0;
        last = position.compareTo(last) > 0 ? position : last;
        return new TableDescription(relation.oid(), shape, position, takeOver(relation.oid(), shape, position, again));
    }

    private Optional<ShapeChange> takeOver(long oid, TableShape shape, Position position, boolean again) {
        Entry before = byOid.get(oid);
        Long holder = oidByName.put(shape.table(), oid);
        boolean replaced = holder != null && holder != oid;
        if (before instanceof Entry.Wanted known) {
            if (!known.shape().table().equals(shape.table())) {
                oidByName.remove(known.shape().table(), oid);
            }
            return known.history().define(shape, position, again);
        }
        byOid.put(oid, new Entry.Wanted(new ShapeHistory(shape)));
        return replaced || before != null
                ? Optional.of(new ShapeChange(SchemaDifference.anotherTable(shape, position), false))
                : Optional.empty();
    }

    /** The tables as they are where the stream stands, by OID. */
    public Map<Long, TableShape> current() {
        Map<Long, TableShape> current = new HashMap<>();
        byOid.forEach((oid, entry) -> {
            if (entry instanceof Entry.Wanted wanted) {
                current.put(oid, wanted.shape());
            }
        });
        return current;
    }

    private TableShape forget(TableShape shape) {
        oidByName.remove(shape.table());
        return shape;
    }

    /**
     * The shape of a table whose row has come; empty if the configuration leaves the table out.
     *
     * @throws DecodingException if the server has not described the table before
     */
    public Optional<TableShape> shape(long relationOid) {
        Entry entry = byOid.get(relationOid);
        if (entry == null) {
            throw new DecodingException(
                    "the server sent a row of relation " + relationOid + " without describing the relation before",
                    null,
                    null);
        }
        return entry instanceof Entry.Wanted wanted ? Optional.of(wanted.shape()) : Optional.empty();
    }

    private TableShape shape(PgOutputMessage.Relation relation, TableName name, Catalog catalog) {
        types.learn(catalog.types(
                relation.columns().stream().map(RelationColumn::typeOid).toList()));
        List<CatalogColumn> columns = new ArrayList<>();
        List<String> identityColumns = new ArrayList<>();
        for (RelationColumn column : relation.columns()) {
            columns.add(new CatalogColumn(
                    column.name(), column.typeOid(), types.baseType(column.typeOid()), column.typeModifier()));
            if (column.key()) {
                identityColumns.add(column.name());
            }
        }
        return new TableShape(
                name,
                columns,
                relation.identity(),
                identityColumns,
                catalog.keys(relation.oid()),
                selected.key(name),
                types);
    }
}
