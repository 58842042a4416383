// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;

/** The source's replication slot and its markers. */
public final class Slots {
    private static final int LONGEST_NAME = 63;

    private final PostgresSourceConfig config;
    private final Advice advice;
    private final String slot;

    public Slots(PostgresSourceConfig config, Advice advice) {
        this.config = config;
        this.advice = advice;
        this.slot = config.slotName();
    }

    public String name() {
        return slot;
    }

    /** The name of a marker: the slot's, shortened to what the server allows. */
    public String markerName(SlotMarker marker) {
        String suffix = marker.suffix();
        if (slot.length() + suffix.length() <= LONGEST_NAME) {
            return slot + suffix;
        }
        CRC32 crc = new CRC32();
        crc.update(slot.getBytes(StandardCharsets.UTF_8));
        String hash = String.format(java.util.Locale.ROOT, "_%08x", crc.getValue());
        return slot.substring(0, LONGEST_NAME - suffix.length() - hash.length()) + hash + suffix;
    }

    /**
     * Makes sure that no other source works with this slot, also while it is bootstrapping and the slot is not yet read.
     * The reservation ends with the connection.
     *
     * @throws SlotHeldException if another process has it reserved
     */
    public void reserve(PostgresConnection connection) {
        long key = lockKey();
        if (connection
                .query("SELECT pg_try_advisory_lock(" + key + ")")
                .single()
                .requiredBoolean(0)) {
            return;
        }
        Optional<String> pid = connection
                .query(
                        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = "
                                + (key >>> 32) + " AND objid = " + (key & 0xFFFF_FFFFL)
                                + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
                .rows()
                .stream()
                .findFirst()
                .map(row -> row.required(0));
        throw held(pid.map(Long::valueOf));
    }

    /** Gives back what {@link #reserve} took. The server ends a connection that is closed a moment later only. */
    public void release(PostgresConnection connection) {
        connection.query("SELECT pg_advisory_unlock(" + lockKey() + ")");
    }

    /** What the server says of the slot; empty: there is none. */
    public Optional<SlotState> state(PostgresConnection connection) {
        int version = connection.serverVersionNumber();
        String lost = version >= 170_000
                ? "CASE WHEN invalidation_reason IS NOT NULL THEN 'invalidation_reason = ' || invalidation_reason"
                        + " WHEN wal_status = 'lost' THEN 'wal_status = lost' END"
                : version >= 160_000
                        ? "CASE WHEN conflicting THEN 'conflicting' WHEN wal_status = 'lost' THEN 'wal_status = lost' END"
                        : version >= 130_000 ? "CASE WHEN wal_status = 'lost' THEN 'wal_status = lost' END" : "NULL";
        String failover = version >= 170_000 ? "failover, synced AND pg_is_in_recovery()" : "false, false";
        return connection
                .query("SELECT plugin, database, active_pid, confirmed_flush_lsn, " + failover + ", " + lost
                        + " FROM pg_replication_slots WHERE slot_name = " + Sql.literal(slot))
                .rows()
                .stream()
                .findFirst()
                .map(Slots::state);
    }

    /** The markers there are. */
    public Set<SlotMarker> markers(PostgresConnection connection) {
        Set<SlotMarker> markers = EnumSet.noneOf(SlotMarker.class);
        for (SlotMarker marker : SlotMarker.values()) {
            if (!connection
                    .query("SELECT 1 FROM pg_replication_slots WHERE slot_type = 'physical' AND restart_lsn IS NULL"
                            + " AND slot_name = " + Sql.literal(markerName(marker)))
                    .rows()
                    .isEmpty()) {
                markers.add(marker);
            }
        }
        return markers;
    }

    public void createMarker(PostgresConnection connection, SlotMarker marker) {
        connection.query("SELECT pg_create_physical_replication_slot(" + Sql.literal(markerName(marker)) + ")");
    }

    public void dropMarker(PostgresConnection connection, SlotMarker marker) {
        drop(connection, markerName(marker));
    }

    public void drop(PostgresConnection connection) {
        drop(connection, slot);
    }

    /**
     * @throws SetupException if the slot is of another kind or database
     * @throws SlotHeldException if another process reads from it
     * @throws PositionUnavailableException if the server can't serve it any more
     * @throws HostUnsuitableException if it is kept up for another server
     */
    public void requireUsable(SlotState state) {
        if (!state.plugin().equals(Optional.of("pgoutput"))) {
            throw unusable(state.plugin()
                    .map(plugin -> "uses the plugin " + plugin + " instead of pgoutput")
                    .orElse("is a physical one"));
        }
        if (!state.database().equals(Optional.of(config.database()))) {
            throw unusable("belongs to database " + state.database().orElse("?"));
        }
        if (state.lost().isPresent()) {
            throw new PositionUnavailableException(
                    "replication slot \"" + slot + "\" was invalidated by the server ("
                            + state.lost().get() + "): changes since "
                            + state.confirmedFlush().map(Lsn::toString).orElse("?")
                            + " are lost",
                    "Drop it with " + advice.dropSlot() + " and start with a bootstrap; "
                            + againstLoss(state.lost().get()) + " if this happens again.",
                    null);
        }
        if (state.synced()) {
            throw new HostUnsuitableException(
                    "the server is a standby, and replication slot \"" + slot
                            + "\" there is kept up for the case that it is promoted; before that it can't be read",
                    "It is tried again until that, and on the other hosts, if there are any: host = primary,standby with"
                            + " target_session_attrs = primary.",
                    null);
        }
        if (state.activePid().isPresent()) {
            throw held(state.activePid());
        }
    }

    private static String againstLoss(String reason) {
        if (reason.endsWith("rows_removed") || reason.equals("conflicting")) {
            return "the primary removed rows of its catalog that this standby still needed: set hot_standby_feedback = on and"
                    + " primary_slot_name here";
        }
        return reason.endsWith("wal_level_insufficient")
                ? "keep wal_level = logical on the primary"
                : "raise max_slot_wal_keep_size";
    }

    private SetupException unusable(String how) {
        return new SetupException(
                "replication slot \"" + slot + "\" " + how + ", so this source can't read from it",
                "Take another slot_name, or drop the slot with " + advice.dropSlot(),
                null);
    }

    private SlotHeldException held(Optional<Long> pid) {
        return new SlotHeldException(
                "replication slot \"" + slot + "\" is held by another process"
                        + pid.map(id -> " (server process " + id + ")").orElse(""),
                "Stop that consumer, or give this one its own slot_name."
                        + pid.map(id -> " Who it is: SELECT * FROM pg_stat_activity WHERE pid = " + id + ";")
                                .orElse(""),
                null);
    }

    private static void drop(PostgresConnection connection, String name) {
        connection.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = "
                + Sql.literal(name));
    }

    private static SlotState state(Row row) {
        return new SlotState(
                row.text(0),
                row.text(1),
                row.text(2).map(Long::valueOf),
                row.text(3).map(Lsn::parse),
                row.requiredBoolean(4),
                row.requiredBoolean(5),
                row.text(6));
    }

    /** FNV-1a of the slot's name: the number of its advisory lock, which is the database's own. */
    private long lockKey() {
        long hash = 0xcbf29ce484222325L;
        for (byte b : ("drasi slot " + slot).getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001b3L;
        }
        return hash;
    }
}
