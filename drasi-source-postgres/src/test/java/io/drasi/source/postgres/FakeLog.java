// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.Position;
import io.drasi.source.postgres.FakeTable.Cell;
import io.drasi.source.postgres.FakeTransaction.Change;
import io.drasi.source.postgres.FakeTransaction.Message;
import io.drasi.testkit.Bytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** The log of a fake server: random transactions, and for each what has to come out of it. */
final class FakeLog {
    /** One that the configuration leaves out. */
    private static final String LEFT_OUT = "audit";

    private static final long[] BEGINNINGS = {0x1000, 0xFFFF_FF00L, 0x7FFF_FFFF_FFFF_FF00L, 0x8000_0000_0000_1000L};

    private final Random random;
    private final List<FakeTransaction> transactions = new ArrayList<>();
    private final List<FakeTable> tables = new ArrayList<>(List.of(
            new FakeTable(16_001, "public", "users", 1, false, 0),
            new FakeTable(16_002, "public", "orders", 2, false, 0),
            new FakeTable(16_003, "sales", "items", 1, true, 0),
            new FakeTable(16_004, "public", LEFT_OUT, 1, false, 0)));
    private long end;
    private long nextXid = 0xFFFF_FFF0L;

    // Of the transaction that is being made.
    private List<Message> messages = new ArrayList<>();
    private List<Change> changes = new ArrayList<>();
    private Map<String, Integer> shapes = new HashMap<>();
    private Position position = Position.before(0);

    FakeLog(Random random) {
        this.random = random;
        this.end = BEGINNINGS[random.nextInt(BEGINNINGS.length)];
    }

    List<FakeTransaction> transactions() {
        return transactions;
    }

    List<FakeTable> tables() {
        return tables;
    }

    /** A table that a transaction has described, as it is at the end of that. */
    Optional<FakeTable> describedIn(FakeTransaction transaction) {
        return tables.stream()
                .filter(table -> !table.label().equals(LEFT_OUT))
                .filter(table -> transaction.shapes().containsKey(table.label()))
                .map(table -> table.inShape(transaction.shapes().get(table.label())))
                .findFirst();
    }

    /** Where the log ends. What commits later does so there or after it. */
    long end() {
        return end;
    }

    /** Something is written that no transaction of these tables is made of. */
    void advance() {
        end += 8L * random.nextInt(50);
    }

    /** The first transaction that commits at an LSN or after it, by its index. */
    int indexAt(long lsn) {
        int index = 0;
        while (index < transactions.size()
                && Long.compareUnsigned(transactions.get(index).commitLsn(), lsn) < 0) {
            index++;
        }
        return index;
    }

    void commit() {
        if (random.nextBoolean()) {
            advance(); // else its commit record may stand right behind the one before
        }
        messages = new ArrayList<>();
        changes = new ArrayList<>();
        shapes = new HashMap<>();
        long commitLsn = end;
        position = Position.before(commitLsn);
        if (random.nextInt(8) == 0) {
            say(new Bytes().int8('O').int64(end).cstring("elsewhere"));
        }
        int size = random.nextInt(6) == 0 ? 0 : 1 + random.nextInt(5);
        for (int i = 0; i < size; i++) {
            mayChatter();
            step();
        }
        mayChatter();
        long endLsn = commitLsn + 8L * (1 + random.nextInt(10));
        long micros = 800_000_000_000_000L + transactions.size() * 1_000_003L;
        transactions.add(new FakeTransaction(
                transactions.size(),
                nextXid++ & 0xFFFF_FFFFL,
                commitLsn,
                endLsn,
                micros,
                List.copyOf(messages),
                List.copyOf(changes),
                position,
                Map.copyOf(shapes)));
        end = endLsn;
    }

    private void say(Bytes message) {
        messages.add(new Message(List.of(), message));
    }

    /** Messages that say nothing about rows. */
    private void mayChatter() {
        switch (random.nextInt(24)) {
            case 0 -> say(new Bytes().int8('Y').int32(16_777).cstring("public").cstring("mood"));
            case 1 ->
                say(new Bytes().int8('M').int8(1).int64(end).cstring("prefix").sizedText("said in a transaction"));
            case 2 -> say(new Bytes().int8('A').int32(4_711).int32(4_712));
            case 3 -> describe(anyTable());
            default -> {}
        }
    }

    private void describe(FakeTable table) {
        say(new Bytes().bytes(table.relation()));
        shapes.put(table.label(), table.shape());
    }

    private FakeTable anyTable() {
        return tables.get(random.nextInt(tables.size()));
    }

    private void step() {
        int kind = random.nextInt(20);
        int number = random.nextInt(tables.size());
        FakeTable table = tables.get(number);
        if (kind == 0) {
            truncate();
        } else if (kind <= 2) {
            tables.set(number, table.altered());
        } else if (kind <= 8) {
            insert(table);
        } else if (kind <= 16) {
            update(table);
        } else {
            delete(table);
        }
    }

    private void truncate() {
        List<FakeTable> truncated =
                tables.stream().filter(table -> random.nextBoolean()).toList();
        if (truncated.isEmpty()) {
            return;
        }
        int options = random.nextInt(4);
        Bytes message = new Bytes().int8('T').int32(truncated.size()).int8(options);
        truncated.forEach(table -> message.int32(table.oid()));
        count(truncated, message);
        List<String> labels = truncated.stream()
                .map(FakeTable::label)
                .filter(label -> !label.equals(LEFT_OUT))
                .toList();
        String text = ((options & 1) != 0 ? " cascade" : "") + ((options & 2) != 0 ? " restart identity" : "");
        changes.add(new Change(position, labels, text, -1));
    }

    private void count(List<FakeTable> described, Bytes message) {
        position = new Position(position.commitLsn(), position.ordinal() + 1);
        messages.add(new Message(described, message));
        described.forEach(table -> shapes.put(table.label(), table.shape()));
    }

    private void expect(FakeTable table, String text) {
        if (!table.label().equals(LEFT_OUT)) {
            changes.add(new Change(position, List.of(table.label()), text, table.shape()));
        }
    }

    private void insert(FakeTable table) {
        List<Cell> row = row(table);
        count(List.of(table), message('I', table).int8('N').bytes(bytes(row)));
        expect(table, "insert " + table.elementId(row) + " " + FakeTable.properties(row));
    }

    private void delete(FakeTable table) {
        List<Cell> old = table.full() ? row(table) : identity(table, row(table));
        count(List.of(table), message('D', table).int8(table.full() ? 'O' : 'K').bytes(bytes(old)));
        expect(table, "delete " + table.elementId(old) + before(table, old));
    }

    private void update(FakeTable table) {
        List<Cell> row = row(table);
        boolean otherKey = random.nextInt(3) == 0;
        List<Cell> before = otherKey ? row(table) : withKeyOf(table, row, row(table));
        boolean oldSent =
                table.full() || !table.elementId(before).equals(table.elementId(row)) || random.nextInt(6) == 0;
        List<Cell> old = table.full() ? before : identity(table, before);
        List<Cell> sent = withUnchanged(table, row);
        Bytes message = message('U', table);
        if (oldSent) {
            message.int8(table.full() ? 'O' : 'K').bytes(bytes(old));
        }
        count(List.of(table), message.int8('N').bytes(bytes(sent)));
        expectUpdate(table, oldSent, old, sent);
    }

    private void expectUpdate(FakeTable table, boolean oldSent, List<Cell> old, List<Cell> sent) {
        List<Cell> known = new ArrayList<>(sent);
        List<String> unchanged = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            if (sent.get(i) instanceof Cell.Unchanged && table.full()) {
                known.set(i, old.get(i));
            } else if (sent.get(i) instanceof Cell.Unchanged) {
                unchanged.add(FakeTable.column(i));
            }
        }
        String id = table.elementId(known);
        String element = id + " " + FakeTable.properties(known);
        if (oldSent && !table.elementId(old).equals(id)) {
            expect(table, "delete " + table.elementId(old) + before(table, old));
            expect(
                    table,
                    "insert " + element + " previously " + table.elementId(old)
                            + (unchanged.isEmpty() ? "" : " unchanged " + unchanged));
        } else {
            expect(table, "update " + element + (oldSent ? before(table, old) : ""));
        }
    }

    private static String before(FakeTable table, List<Cell> old) {
        return " before " + FakeTable.properties(table.full() ? old : old.subList(0, table.keyColumns()));
    }

    private static Bytes message(char kind, FakeTable table) {
        return new Bytes().int8(kind).int32(table.oid());
    }

    private static byte[] bytes(List<Cell> row) {
        return FakeTable.tuple(row).toByteArray();
    }

    private List<Cell> row(FakeTable table) {
        List<Cell> row = new ArrayList<>();
        row.add(new Cell.Text(String.valueOf(random.nextInt(100))));
        for (int i = 1; i < table.columns(); i++) {
            boolean isNull = i >= table.keyColumns() && random.nextInt(5) == 0;
            row.add(isNull ? new Cell.Null() : new Cell.Text("v" + random.nextInt(1000)));
        }
        return row;
    }

    private static List<Cell> withKeyOf(FakeTable table, List<Cell> row, List<Cell> other) {
        List<Cell> result = new ArrayList<>(other);
        for (int i = 0; i < table.keyColumns(); i++) {
            result.set(i, row.get(i));
        }
        return result;
    }

    /** With a default identity the server sends NULL in place of what is not in the key. */
    private static List<Cell> identity(FakeTable table, List<Cell> row) {
        List<Cell> old = new ArrayList<>(row);
        for (int i = table.keyColumns(); i < row.size(); i++) {
            old.set(i, new Cell.Null());
        }
        return old;
    }

    private List<Cell> withUnchanged(FakeTable table, List<Cell> row) {
        List<Cell> sent = new ArrayList<>(row);
        for (int i = table.keyColumns(); i < row.size(); i++) {
            if (random.nextInt(5) == 0) {
                sent.set(i, new Cell.Unchanged());
            }
        }
        return sent;
    }
}
