// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what the creation of a slot waits for, while it lasts: a transaction that writes and does not end, or on a
 * standby the primary. Has a thread of its own, and the connection to itself.
 */
final class SlotWait {
    private static final Logger LOG = LoggerFactory.getLogger(SlotWait.class);
    private static final Duration FIRST_LOOK = Duration.ofSeconds(2);
    private static final Duration GAP = Duration.ofSeconds(5);
    private static final Duration REPEAT = Duration.ofMinutes(1);
    private static final int FIRST_WITH_HELP_FOR_STANDBYS = 160_000;

    /** A prepared transaction holds its lock without a session. */
    private static final String HOLDERS = """
            SELECT h.transactionid, a.pid, a.usename, a.application_name, a.state,
              extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::bigint,
              left(regexp_replace(a.query, '\\s+', ' ', 'g'), 200), p.gid, p.database
            FROM pg_locks w JOIN pg_locks h ON h.transactionid = w.transactionid AND h.granted
              LEFT JOIN pg_stat_activity a ON a.pid = h.pid
              LEFT JOIN pg_prepared_xacts p ON p.transaction = h.transactionid
            WHERE w.pid = %d AND NOT w.granted AND w.locktype = 'transactionid' AND h.pid IS DISTINCT FROM w.pid
            """;

    private final PostgresConnection connection;
    private final String slot;
    private final int creatorPid;
    private final Consumer<String> onWait;
    private final CountDownLatch created = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param creatorPid the server's process that creates the slot
     * @param onWait is told what is waited for, when that changes and once a minute
     */
    SlotWait(PostgresConnection connection, String slot, int creatorPid, Consumer<String> onWait) {
        this.connection = connection;
        this.slot = slot;
        this.creatorPid = creatorPid;
        this.onWait = onWait;
        this.thread = new Thread(this::run, Thread.currentThread().getName() + "-wait");
        thread.setDaemon(true);
        thread.start();
    }

    /** The slot is there, or will not be: nothing more is told, and the connection is free. */
    void close() {
        created.countDown();
        ThreadEnd.await(thread);
    }

    private void run() {
        try {
            String told = "";
            long toldAt = System.nanoTime();
            Duration gap = FIRST_LOOK;
            while (!created.await(gap.toMillis(), TimeUnit.MILLISECONDS)) {
                gap = GAP;
                Optional<Row> holder = holder();
                String who = holder.map(row -> row.required(0)).orElse("standby");
                Optional<String> what = holder.map(this::describe).or(this::onStandby);
                boolean again = System.nanoTime() - toldAt > REPEAT.toNanos();
                if (what.isPresent() && (again || !who.equals(told))) {
                    told = who;
                    toldAt = System.nanoTime();
                    onWait.accept("the creation of slot " + slot + " waits for " + what.get());
                }
            }
        } catch (PostgresClientException e) {
            LOG.debug("what slot {} waits for can't be asked: {}", slot, e.getMessage());
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    private Optional<Row> holder() {
        return connection.query(HOLDERS.formatted(creatorPid)).rows().stream().findFirst();
    }

    private String describe(Row row) {
        String transaction = row.required(0);
        String age = row.text(5).map(seconds -> ", open for " + seconds + " s").orElse("");
        if (row.text(1).isPresent()) {
            return "transaction " + transaction + " of server process " + row.required(1) + age + " (user "
                    + row.text(2).orElse("?") + ", application '" + row.text(3).orElse("") + "', "
                    + row.text(4).orElse("?") + ", last statement: "
                    + row.text(6).orElse("?")
                    + "). Have it end, or run SELECT pg_terminate_backend(" + row.required(1) + ");";
        }
        return row.text(7)
                .map(gid -> "prepared transaction " + Sql.literal(gid) + age + " of database "
                        + row.text(8).orElse("?") + ", which no session will end by itself. Run COMMIT PREPARED "
                        + Sql.literal(gid) + "; or ROLLBACK PREPARED " + Sql.literal(gid) + ";")
                .orElse("transaction " + transaction);
    }

    private Optional<String> onStandby() {
        boolean standby = connection.serverVersionNumber() >= FIRST_WITH_HELP_FOR_STANDBYS
                && connection.query("SELECT pg_is_in_recovery()").single().requiredBoolean(0);
        return standby
                ? Optional.of(
                        "the primary to log which transactions run, which it does now and then. On the primary run"
                                + " SELECT pg_log_standby_snapshot();")
                : Optional.empty();
    }
}
