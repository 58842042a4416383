// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, while a bootstrap holds the shared slot, how much log the server still keeps for that: from version 13 on it gives up
 * a slot, and all who read from it, for which it would have to keep more than {@code max_slot_wal_keep_size}. Has a thread and
 * a connection of its own, as those of the bootstrap may wait for a subscriber.
 */
public final class RetentionGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetentionGuard.class);
    private static final int FIRST_WITH_LIMIT = 130_000;
    private static final long GAP_MILLIS = 1_000;

    /**
     * Half is left for the time in which the slot goes on: the server moves its end only when it logs which transactions run,
     * every 15 s.
     */
    private static final String ENDANGERED = "SELECT 1 FROM pg_replication_slots s, pg_settings l"
            + " WHERE l.name = 'max_slot_wal_keep_size' AND l.setting <> '-1' AND s.slot_name = %s"
            + " AND (s.wal_status IN ('unreserved', 'lost') OR s.safe_wal_size < l.setting::bigint * 1024 * 1024 / 2)";

    private final Supplier<PostgresConnection> opener;
    private final String slot;
    private final Consumer<Boolean> onLook;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable PostgresConnection connection;

    /**
     * @param opener an interrupt ends its wait
     * @param onLook is told at each look whether more than half of what may be kept is used; on another thread
     */
    public RetentionGuard(Supplier<PostgresConnection> opener, String slot, Consumer<Boolean> onLook) {
        this.opener = opener;
        this.slot = slot;
        this.onLook = onLook;
        this.thread = new Thread(this::run, Thread.currentThread().getName() + "-guard");
        thread.setDaemon(true);
    }

    /** Whether more than half of what the server may keep for the slot is used. */
    public static boolean inDanger(PostgresConnection connection, String slot) {
        return connection.serverVersionNumber() >= FIRST_WITH_LIMIT
                && !connection
                        .query(ENDANGERED.formatted(Sql.literal(slot)))
                        .rows()
                        .isEmpty();
    }

    public void start() {
        thread.start();
    }

    /** After {@link #start}. */
    @Override
    public void close() {
        closed.countDown();
        PostgresConnection current = connection;
        if (current != null) {
            current.abort();
        }
        thread.interrupt(); // it may be connecting
        ThreadEnd.await(thread);
    }

    private void run() {
        try {
            while (!closed.await(GAP_MILLIS, TimeUnit.MILLISECONDS)) {
                watch();
            }
        } catch (InterruptedException e) {
            LOG.trace("the guard of slot {} ends", slot);
        }
    }

    /** Until the connection breaks. */
    private void watch() throws InterruptedException {
        try (PostgresConnection current = opener.get()) {
            connection = current;
            if (current.serverVersionNumber() < FIRST_WITH_LIMIT) {
                closed.await();
            }
            while (!closed.await(GAP_MILLIS, TimeUnit.MILLISECONDS)) {
                onLook.accept(inDanger(current, slot));
            }
        } catch (PostgresClientException | SourceException e) {
            LOG.debug("how much log is kept for slot {} can't be asked: {}", slot, e.getMessage());
        }
    }
}
