// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import io.drasi.model.ChangeCursor;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.EventPrinter;
import io.drasi.postgres.protocol.wire.Lsn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Events for people to read: the first rows of each table, then each transaction with a line for each of its first changes. */
public final class ReadableEvents implements EventPrinter {
    private static final int ROWS_PER_TABLE = 3;
    private static final int CHANGES_PER_TRANSACTION = 20;

    private final CountedOutput output;
    private final boolean coloured;
    private final Runnable onBootstrapped;
    private final DateTimeFormatter time =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());
    private final Map<String, Integer> snapshotRows = new TreeMap<>();
    private final ChangeTally tally = new ChangeTally();

    /** @param onBootstrapped called when the snapshot is printed */
    public ReadableEvents(CountedOutput output, boolean coloured, Runnable onBootstrapped) {
        this.output = output;
        this.coloured = coloured;
        this.onBootstrapped = onBootstrapped;
    }

    /** What has been printed, by kind. */
    public String summary() {
        return tally.toString();
    }

    @Override
    public void print(SourceEvent event) throws IOException {
        if (event instanceof SourceEvent.Transaction transaction) {
            printTransaction(transaction);
        } else if (event instanceof SourceEvent.BootstrapBatch batch) {
            printBatch(batch);
        } else if (event instanceof SourceEvent.BootstrapStarted started) {
            snapshotRows.clear();
            line(Paint.HEADER.on("snapshot at " + started.position().lsnText(), coloured) + "  of "
                    + started.labels().size() + " tables");
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            line(Paint.HEADER.on("snapshot complete", coloured) + "  " + completed.rows() + " rows: " + snapshotRows);
            onBootstrapped.run();
        } else if (event instanceof SourceEvent.SchemaChanged changed) {
            line(Paint.HEADER.on("schema of " + changed.label(), coloured) + "  "
                    + String.join(", ", changed.changes()));
        }
    }

    private void printBatch(SourceEvent.BootstrapBatch batch) throws IOException {
        for (SourceChange.Insert row : batch.rows()) {
            int number = snapshotRows.merge(batch.label(), 1, Integer::sum);
            if (number <= ROWS_PER_TABLE) {
                line("  " + describe(row));
            } else if (number == ROWS_PER_TABLE + 1) {
                line(Paint.QUIET.on("    … and more of " + batch.label(), coloured));
            }
        }
    }

    private void printTransaction(SourceEvent.Transaction transaction) throws IOException {
        tally.transaction();
        line(Paint.HEADER.on("transaction " + transaction.xid(), coloured) + "  "
                + time.format(transaction.commitTime()) + "  " + new Lsn(transaction.commitLsn()));
        int number = 0;
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            tally.count(cursor.change());
            if (++number <= CHANGES_PER_TRANSACTION) {
                line("  " + describe(cursor.change()));
            } else if (number == CHANGES_PER_TRANSACTION + 1) {
                line(Paint.QUIET.on(
                        String.format(Locale.ROOT, "    … and %,d more changes", transaction.size() - number + 1),
                        coloured));
            }
        }
    }

    private String describe(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            String id = insert.element().metadata().reference().elementId();
            String row = "  " + ReadableValues.row(insert.element().properties());
            return insert.previousId()
                    .map(previous -> Paint.UPDATE.on("» " + id, coloured)
                            + Paint.QUIET.on("  (key changed, was " + previous + ")", coloured)
                            + row)
                    .orElseGet(() -> Paint.INSERT.on("+ " + id, coloured) + row);
        } else if (change instanceof SourceChange.Update update) {
            String id = update.element().metadata().reference().elementId();
            String row = update.before()
                    .map(before ->
                            ReadableValues.difference(before, update.element().properties()))
                    .orElseGet(() -> ReadableValues.row(update.element().properties()));
            return Paint.UPDATE.on("~ " + id, coloured) + "  " + row;
        } else if (change instanceof SourceChange.Delete delete) {
            return Paint.DELETE.on("- " + delete.metadata().reference().elementId(), coloured);
        } else if (change instanceof SourceChange.Truncate truncate) {
            return Paint.TRUNCATE.on("× truncate " + String.join(", ", truncate.labels()), coloured);
        }
        return change.toString();
    }

    private void line(String text) throws IOException {
        output.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
