// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.source.postgres.RandomType.Array;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table of random columns, and statements that change its rows at random. One of its columns counts them, so that a
 * statement can name rows without asking the server.
 */
final class RandomTable {
    /** Types that can count, and the value for a number. */
    static final Map<String, IntFunction<String>> COUNTING = new LinkedHashMap<>();

    static {
        COUNTING.put("int4", n -> "" + n);
        COUNTING.put("int8", n -> "" + n);
        COUNTING.put("varchar(60)", n -> "'k\\_" + n + "'");
        COUNTING.put("text", n -> "'k\\_" + n + "'");
        COUNTING.put("numeric", n -> n + ".50");
        COUNTING.put("uuid", n -> "md5('" + n + "')::uuid");
        COUNTING.put("timestamptz", n -> "timestamptz '0001-02-28 01:02:03.5+05:30 BC' + " + n + " * interval '1 day'");
        COUNTING.put("date", n -> "date '2024-02-28' + " + n);
        COUNTING.put("bytea", n -> "decode(lpad('" + n + "', 6, '0'), 'hex')");
        COUNTING.put("float8", n -> n + ".1");
    }

    /** Whose old values the server sends. */
    enum Identity {
        DEFAULT,
        FULL,
        NOTHING,
        INDEX
    }

    /** A column that may get another name or type. */
    static final class Column {
        String name;
        RandomType type;
        /** Whether it must not be NULL. */
        boolean required;

        Column(String name, RandomType type) {
            this.name = name;
            this.type = type;
        }

        String sql() {
            return identifier(name);
        }

        String value(Random random) {
            if (!required && random.nextInt(6) == 0) {
                return "NULL";
            }
            return type instanceof Array array && !array.element().list() && random.nextInt(5) == 0
                    ? array.boundExpression(random)
                    : type.expression(random);
        }
    }

    String schema = "public";
    String name;
    final Column id;
    final List<Column> columns = new ArrayList<>();
    /** The columns of the primary key; empty: there is none. */
    List<Column> key = List.of();

    String keyName = "";
    Identity identity = Identity.DEFAULT;
    /** A unique index on the counting column; empty: there is none. */
    String indexName = "";
    /** Whether two rows may have the same number. */
    boolean duplicates;

    private int last;
    private final List<Integer> numbers = new ArrayList<>();

    RandomTable(String name, Column id) {
        this.name = name;
        this.id = id;
        id.required = true;
    }

    String sql() {
        return schema + "." + identifier(name);
    }

    String label() {
        String escaped = name.replace("\\", "\\\\").replace(":", "\\:").replace(".", "\\.");
        return schema.equals("public") ? escaped : schema + "." + escaped;
    }

    static String identifier(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    String createStatement() {
        return columns.stream()
                .map(column -> column.sql() + " " + column.type.sqlName() + (column == id ? " NOT NULL" : ""))
                .collect(Collectors.joining(", ", "CREATE TABLE " + sql() + " (", ")"));
    }

    /** Whether the server lets rows be updated and deleted: it refuses to if it could not tell which. */
    boolean updatable() {
        return switch (identity) {
            case FULL, INDEX -> true;
            case DEFAULT -> !key.isEmpty();
            case NOTHING -> false;
        };
    }

    /** Whether nothing of a row tells it apart, so that its id is made of its place. */
    boolean placed() {
        return key.isEmpty() && !updatable();
    }

    /** Whether equal rows can come and go again. */
    private boolean multiset() {
        return key.isEmpty() && identity == Identity.FULL && indexName.isEmpty();
    }

    /** A random statement that changes rows. */
    String change(Random random) {
        if (!updatable() || numbers.isEmpty()) {
            return insert(random);
        }
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> insert(random);
            case 3 -> delete(random);
            case 4 -> renumber(random);
            case 5 -> "UPDATE " + sql() + " SET " + assignment(random);
            default -> "UPDATE " + sql() + " SET " + assignment(random) + where(random);
        };
    }

    String insert(Random random) {
        return IntStream.rangeClosed(0, random.nextInt(3))
                .mapToObj(i -> row(random))
                .collect(Collectors.joining(", ", "INSERT INTO " + sql() + " VALUES ", ""));
    }

    private String row(Random random) {
        int number = ++last;
        if (multiset() && !numbers.isEmpty() && random.nextInt(4) == 0) {
            number = numbers.get(random.nextInt(numbers.size()));
            duplicates = true;
        }
        numbers.add(number);
        String counted = number(number);
        return columns.stream()
                .map(column -> column == id ? counted : column.value(random))
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private String delete(Random random) {
        int index = random.nextInt(numbers.size());
        return "DELETE FROM " + sql() + " WHERE " + id.sql() + " = " + number(numbers.remove(index));
    }

    /** Makes another id of a row whose id is made of its number. */
    private String renumber(Random random) {
        int index = random.nextInt(numbers.size());
        int before = numbers.set(index, ++last);
        return "UPDATE " + sql() + " SET " + id.sql() + " = " + number(last) + " WHERE " + id.sql() + " = "
                + number(before);
    }

    private String assignment(Random random) {
        Column column = columns.get(random.nextInt(columns.size()));
        return column.sql() + " = " + (column == id ? column.sql() : column.value(random));
    }

    private String where(Random random) {
        return IntStream.rangeClosed(0, random.nextInt(2))
                .mapToObj(i -> number(numbers.get(random.nextInt(numbers.size()))))
                .collect(Collectors.joining(", ", " WHERE " + id.sql() + " IN (", ")"));
    }

    private String number(int number) {
        return "(" + COUNTING.get(id.type.sqlName()).apply(number) + ")::" + id.type.sqlName();
    }

    void forgetRows() {
        numbers.clear();
        duplicates = false;
    }
}
