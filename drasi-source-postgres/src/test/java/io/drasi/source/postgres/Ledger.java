// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Element;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.testkit.Database;
import java.util.Arrays;
import java.util.List;

/**
 * The accounts that {@link Tellers} change, rebuilt from the events of one subscription, and checked with each of them: what
 * they hold together is always the same, and no change is missing or comes twice. One thread.
 */
final class Ledger {
    private static final int CLOSED = -1;

    private final long total;
    private final long[] balances;
    /** By account, {@value #CLOSED} where there is none. */
    private final int[] versions;

    private Position last = Position.before(0);
    private boolean complete;
    private int accounts;
    private long transactions;

    Ledger(int accounts) {
        this.total = accounts * Tellers.OPENING_BALANCE;
        this.balances = new long[accounts + 1];
        this.versions = new int[accounts + 1];
        Arrays.fill(versions, CLOSED);
    }

    /** Whether the bootstrap has come. */
    boolean complete() {
        return complete;
    }

    /** Transactions since the bootstrap. */
    long transactions() {
        return transactions;
    }

    void accept(SourceEvent event) {
        if (event instanceof SourceEvent.BootstrapStarted started) {
            begin(started);
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            batch.rows().forEach(row -> open(row.element()));
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            complete(completed);
        } else if (event instanceof SourceEvent.Transaction transaction) {
            apply(transaction);
        } else if (event instanceof SourceEvent.SchemaChanged) {
            throw new AssertionError("nobody changes the table: " + event);
        }
    }

    private void begin(SourceEvent.BootstrapStarted started) {
        Arrays.fill(versions, CLOSED);
        last = started.position();
        complete = false;
        accounts = 0;
        transactions = 0;
    }

    private void open(Element element) {
        int id = (int) integer(element, "id");
        assertThat(versions[id])
                .as("version of account %d before its row of the bootstrap", id)
                .isEqualTo(CLOSED);
        balances[id] = integer(element, "balance");
        versions[id] = (int) integer(element, "version");
        accounts++;
    }

    private void complete(SourceEvent.BootstrapCompleted completed) {
        assertThat(completed.position()).isEqualTo(last);
        assertThat(completed.rows()).isEqualTo(accounts).isEqualTo(versions.length - 1L);
        assertThat(Arrays.stream(balances).sum())
                .as("total of the snapshot at %s", last)
                .isEqualTo(total);
        complete = true;
    }

    private void apply(SourceEvent.Transaction transaction) {
        assertThat(complete)
                .as("whether the bootstrap came before %s", transaction.position())
                .isTrue();
        long gained = 0;
        int changes = 0;
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); changes++) {
            Position position = cursor.position();
            assertThat(position)
                    .as("position of %s", cursor.change())
                    .usingComparator(Position::compareTo)
                    .isGreaterThan(last);
            assertThat(position.commitLsn()).isEqualTo(transaction.commitLsn());
            last = position;
            gained += change(cursor.change(), position);
        }
        assertThat(changes).as("changes of the transfer at %s", last).isEqualTo(2);
        assertThat(gained).as("what the transfer at %s adds to the total", last).isZero();
        transactions++;
    }

    /** Returns what the account has gained. */
    private long change(SourceChange change, Position position) {
        assertThat(change).isInstanceOf(SourceChange.Update.class);
        Element element = ((SourceChange.Update) change).element();
        int id = (int) integer(element, "id");
        int version = (int) integer(element, "version");
        assertThat(version).as("version of account %d at %s", id, position).isEqualTo(versions[id] + 1);
        long before = balances[id];
        balances[id] = integer(element, "balance");
        versions[id] = version;
        return balances[id] - before;
    }

    private static long integer(Element element, String column) {
        return ((IntegerValue) element.properties().toMap().get(column)).value();
    }

    /** All of it has been delivered: the accounts are those of the table. */
    void assertEqualsTable(Database database) {
        for (List<String> row : database.query("SELECT id, balance, version FROM accounts")) {
            int id = Integer.parseInt(row.get(0));
            assertThat(List.of(Integer.toString(id), Long.toString(balances[id]), Integer.toString(versions[id])))
                    .isEqualTo(row);
        }
    }
}
