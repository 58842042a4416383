// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.ConnectionException;
import java.util.Optional;

/**
 * Whether the server still keeps its log for a temporary slot. From version 13 on it need not: what lies further back than
 * {@code max_slot_wal_keep_size} is given up at a checkpoint, and the process that has the slot is ended, so that its
 * connection just breaks. One thread.
 */
public final class SlotRetention {
    private static final int FIRST_WITH_LIMIT = 130_000;

    /** Whether more was written since a position than is kept; a checkpoint looks at whole segments. */
    private static final String EXCEEDED =
            "SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'max_slot_wal_keep_size' AND setting <> '-1'"
                    + " AND pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()"
                    + " ELSE pg_current_wal_lsn() END, %s) + pg_size_bytes(current_setting('wal_segment_size'))"
                    + " > setting::bigint * 1024 * 1024)";

    private final String slot;
    private Lsn restartLsn;

    private SlotRetention(String slot, Lsn restartLsn) {
        this.slot = slot;
        this.restartLsn = restartLsn;
    }

    /** Of a slot that was just made, and from which nothing was read. */
    public static SlotRetention of(PostgresConnection connection, String slot) {
        return new SlotRetention(
                slot,
                row(connection, slot)
                        .flatMap(row -> row.text(0))
                        .map(Lsn::parse)
                        .orElse(Lsn.INVALID));
    }

    /** The server was told that everything before {@code lsn} is confirmed. */
    public void confirmed(Lsn lsn) {
        restartLsn = restartLsn.max(lsn);
    }

    private static Optional<Row> row(PostgresConnection connection, String slot) {
        String lost = connection.serverVersionNumber() >= FIRST_WITH_LIMIT ? "wal_status = 'lost'" : "false";
        return connection
                .query("SELECT restart_lsn FROM pg_replication_slots WHERE (" + lost + ") IS NOT TRUE AND slot_name = "
                        + Sql.literal(slot))
                .rows()
                .stream()
                .findFirst();
    }

    /** @throws ConnectionException if the slot is lost */
    public void requireKept(PostgresConnection connection) {
        if (row(connection, slot).isEmpty()) {
            throw new ConnectionException("the temporary slot " + slot + " is gone", null, null);
        }
    }

    /**
     * Whether the slot is gone, and as far as one can tell since the server was not to keep so much of its log. False if the
     * server can't be asked.
     */
    public boolean isLost(PostgresConnection connection) {
        try {
            return connection.serverVersionNumber() >= FIRST_WITH_LIMIT
                    && row(connection, slot).isEmpty()
                    && connection
                            .query(EXCEEDED.formatted(Sql.literal(restartLsn.toString())))
                            .single()
                            .requiredBoolean(0);
        } catch (PostgresClientException e) {
            return false;
        }
    }

    public ConnectionException lost(Throwable cause) {
        return new ConnectionException(
                "the temporary slot " + slot + " was lost: the server has written more than max_slot_wal_keep_size"
                        + " since it was made",
                remedy(),
                cause);
    }

    public String remedy() {
        return "Raise max_slot_wal_keep_size to what is written during a bootstrap, or have the bootstrap when less is"
                + " written.";
    }
}
