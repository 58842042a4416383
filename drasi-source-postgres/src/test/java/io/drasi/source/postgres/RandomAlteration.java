// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.source.postgres.RandomTable.Column;
import io.drasi.source.postgres.RandomTable.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes statements that alter a table at random.
 *
 * <p>A row that was there before and is not written again after a column was added, renamed or given another type keeps its
 * old shape with the subscriber, as the protocol shows no such change by itself. So all rows are written again right after
 * it, and with a value that the server cannot call unchanged.
 */
final class RandomAlteration {
    private static final int FIRST_WITH_TRUNCATE = 11;
    /** What PostgreSQL has room for in its catalog. */
    private static final int LONGEST_DEFAULT = 2000;

    /** Names that tables take from each other. */
    private static final List<String> NAMES =
            List.of("t", "t.x", "Odd \"name\"", "ß:1", "back\\slash", "select", "a_b", "zz");

    private static final List<Set<String>> SAME_VALUES =
            List.of(Set.of("int2", "int4", "int8"), Set.of("text", "varchar(60)"));
    private static final Map<String, String> WIDER = Map.of("int4", "int8", "varchar(60)", "text");

    private final Random random;
    private final RandomTypes types;
    private final int version;
    private final List<RandomTable> tables;
    private int made;

    /** @param tables all that there are, since their names must differ */
    RandomAlteration(Random random, RandomTypes types, int version, List<RandomTable> tables) {
        this.random = random;
        this.types = types;
        this.version = version;
        this.tables = tables;
    }

    /** A new table, not yet created. */
    RandomTable newTable() {
        List<String> counting = List.copyOf(RandomTable.COUNTING.keySet());
        Column id = new Column("id", types.scalar(counting.get(random.nextInt(counting.size()))));
        RandomTable table = new RandomTable(freeName("public"), id);
        for (int i = random.nextInt(6); i > 0; i--) {
            table.columns.add(newColumn());
        }
        table.columns.add(random.nextInt(table.columns.size() + 1), id);
        return table;
    }

    private Column newColumn() {
        return new Column(
                "c" + ++made + (random.nextInt(4) == 0 ? " \"odd\" ü" : ""),
                random.nextInt(4) == 0 ? types.scalar("text") : types.any());
    }

    private String freeName(String schema) {
        List<String> free = NAMES.stream()
                .filter(name ->
                        tables.stream().noneMatch(table -> table.schema.equals(schema) && table.name.equals(name)))
                .toList();
        return free.get(random.nextInt(free.size()));
    }

    /** Statements that give the table a primary key or another replica identity. */
    List<String> identify(RandomTable table) {
        List<String> statements = new ArrayList<>();
        if (table.key.isEmpty() && random.nextInt(4) > 0) {
            statements.addAll(addKey(table));
        }
        if (random.nextInt(3) == 0 || !table.updatable()) {
            statements.addAll(changeIdentity(table));
        }
        return statements;
    }

    /** Statements that alter the table, to be run one after the other. */
    List<String> next(RandomTable table) {
        return switch (random.nextInt(12)) {
            case 0, 1 -> addColumn(table);
            case 2 -> dropColumn(table);
            case 3 -> renameColumn(table);
            case 4, 5 -> changeType(table);
            case 6 -> widenId(table);
            case 7 -> table.key.isEmpty() ? addKey(table) : dropKey(table);
            case 8 -> changeIdentity(table);
            case 9 -> renameTable(table);
            case 10 -> moveTable(table);
            default -> truncate(table);
        };
    }

    private List<String> addColumn(RandomTable table) {
        Column column = newColumn();
        table.columns.add(column);
        String add = alter(table) + "ADD COLUMN " + column.sql() + " " + column.type.sqlName();
        List<String> statements = new ArrayList<>();
        String value = column.value(random);
        if (value.length() > LONGEST_DEFAULT || random.nextBoolean()) {
            statements.add(add);
        } else {
            statements.add(add + " DEFAULT " + value);
            statements.add(alter(table) + "ALTER COLUMN " + column.sql() + " DROP DEFAULT");
        }
        statements.addAll(writeAgain(table, column));
        return statements;
    }

    private List<String> dropColumn(RandomTable table) {
        List<Column> others =
                table.columns.stream().filter(column -> column != table.id).toList();
        if (others.isEmpty()) {
            return addColumn(table);
        }
        Column column = others.get(random.nextInt(others.size()));
        table.columns.remove(column);
        if (table.key.contains(column)) {
            table.key = List.of(); // the constraint goes with its column
        }
        return List.of(alter(table) + "DROP COLUMN " + column.sql());
    }

    private List<String> renameColumn(RandomTable table) {
        Column column = table.columns.get(random.nextInt(table.columns.size()));
        String before = column.sql();
        column.name = "r" + ++made;
        List<String> statements = new ArrayList<>();
        statements.add(alter(table) + "RENAME COLUMN " + before + " TO " + column.sql());
        statements.addAll(writeAgain(table, column));
        return statements;
    }

    private List<String> changeType(RandomTable table) {
        List<Column> others = table.columns.stream()
                .filter(column -> column != table.id && !column.required)
                .toList();
        if (others.isEmpty()) {
            return addColumn(table);
        }
        Column column = others.get(random.nextInt(others.size()));
        boolean toText = random.nextInt(3) == 0;
        RandomType type = toText ? types.scalar("text") : types.any();
        if (column.type.sqlName().equals(type.sqlName()) || (!toText && canHoldTheSame(column.type, type))) {
            return addColumn(table);
        }
        column.type = type;
        List<String> statements = new ArrayList<>();
        statements.add(alter(table) + "ALTER COLUMN " + column.sql() + " TYPE " + column.type.sqlName() + " USING "
                + (toText ? column.sql() + "::text" : "(" + column.value(random) + ")::" + column.type.sqlName()));
        statements.addAll(writeAgain(table, column));
        return statements;
    }

    /**
     * Types whose values the source takes to stay the same when a column goes from one to the other, as they do unless USING
     * says something else. The log does not tell that it did, nor that USING gave a column other values of the same type.
     */
    private static boolean canHoldTheSame(RandomType before, RandomType now) {
        return SAME_VALUES.stream()
                .anyMatch(names -> names.contains(before.base().sqlName())
                        && names.contains(now.base().sqlName()));
    }

    /** Keeps the values of the column that counts, to the letter. */
    private List<String> widenId(RandomTable table) {
        String wider = WIDER.get(table.id.type.sqlName());
        if (wider == null) {
            return changeType(table);
        }
        table.id.type = types.scalar(wider);
        return List.of(alter(table) + "ALTER COLUMN " + table.id.sql() + " TYPE " + wider);
    }

    private List<String> addKey(RandomTable table) {
        List<Column> others = table.columns.stream()
                .filter(column -> RandomTypes.sortable(column.type))
                .filter(column -> column != table.id)
                .toList();
        List<Column> key = new ArrayList<>(List.of(table.id));
        if (!others.isEmpty() && random.nextBoolean()) {
            key.add(random.nextInt(2), others.get(random.nextInt(others.size())));
        }
        List<String> statements = new ArrayList<>(withoutDuplicates(table));
        for (Column column : key) {
            if (!column.required) {
                statements.addAll(makeUpdatable(table));
                statements.add("DELETE FROM " + table.sql() + " WHERE " + column.sql() + " IS NULL");
                column.required = true;
            }
        }
        table.key = key;
        table.keyName = "key" + ++made;
        statements.add(alter(table) + "ADD CONSTRAINT " + table.keyName + " PRIMARY KEY ("
                + key.stream().map(Column::sql).collect(Collectors.joining(", ")) + ")");
        return statements;
    }

    private static List<String> dropKey(RandomTable table) {
        table.key = List.of();
        return List.of(alter(table) + "DROP CONSTRAINT " + table.keyName);
    }

    private List<String> changeIdentity(RandomTable table) {
        List<Identity> identities = List.of(Identity.values());
        Identity identity = identities.get(random.nextInt(identities.size()));
        List<String> statements = new ArrayList<>();
        String using = identity.name();
        if (identity == Identity.INDEX) {
            statements.addAll(withIndex(table));
            using = "USING INDEX " + table.indexName;
        }
        table.identity = identity;
        statements.add(alter(table) + "REPLICA IDENTITY " + using);
        return statements;
    }

    private List<String> withIndex(RandomTable table) {
        List<String> statements = new ArrayList<>();
        if (table.indexName.isEmpty()) {
            statements.addAll(withoutDuplicates(table));
            table.indexName = "index" + ++made;
            statements.add(
                    "CREATE UNIQUE INDEX " + table.indexName + " ON " + table.sql() + " (" + table.id.sql() + ")");
        }
        return statements;
    }

    private List<String> renameTable(RandomTable table) {
        String before = alter(table);
        table.name = freeName(table.schema);
        return List.of(before + "RENAME TO " + RandomTable.identifier(table.name));
    }

    private List<String> moveTable(RandomTable table) {
        String schema = table.schema.equals("public") ? "other" : "public";
        boolean taken = tables.stream().anyMatch(other -> other.schema.equals(schema) && other.name.equals(table.name));
        if (taken) {
            return renameTable(table);
        }
        String before = alter(table);
        table.schema = schema;
        return List.of(before + "SET SCHEMA " + schema);
    }

    private List<String> truncate(RandomTable table) {
        if (version < FIRST_WITH_TRUNCATE) {
            return addColumn(table); // the stream does not show that rows are gone
        }
        table.forgetRows();
        return List.of("TRUNCATE " + table.sql());
    }

    private static List<String> writeAgain(RandomTable table, Column column) {
        List<String> statements = makeUpdatable(table);
        statements.add("UPDATE " + table.sql() + " SET " + column.sql() + " = (" + column.sql() + "::text || '')::"
                + column.type.sqlName());
        return statements;
    }

    /** All of those that are equal go, as nothing tells which one would stay. */
    private static List<String> withoutDuplicates(RandomTable table) {
        if (!table.duplicates) {
            return List.of();
        }
        List<String> statements = makeUpdatable(table);
        String id = table.id.sql();
        statements.add("DELETE FROM " + table.sql() + " WHERE " + id + " IN (SELECT " + id + " FROM " + table.sql()
                + " GROUP BY " + id + " HAVING count(*) > 1)");
        table.duplicates = false;
        return statements;
    }

    private static List<String> makeUpdatable(RandomTable table) {
        List<String> statements = new ArrayList<>();
        if (!table.updatable()) {
            table.identity = Identity.FULL;
            statements.add(alter(table) + "REPLICA IDENTITY FULL");
        }
        return statements;
    }

    private static String alter(RandomTable table) {
        return "ALTER TABLE " + table.sql() + " ";
    }
}
