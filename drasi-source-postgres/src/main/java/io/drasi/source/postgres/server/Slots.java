// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.health.SlotReading;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.zip.CRC32;

/** The source's replication slot and its markers. */
public final class Slots {
    private static final int LONGEST_NAME = 63;
    private static final Duration GAP = Duration.ofMillis(50);
    /** With {@code max_slot_wal_keep_size}. */
    private static final int FIRST_WITH_LIMIT = 130_000;

    private final PostgresSourceConfig config;
    private final Advice advice;
    private final OwnSessions sessions;
    private final SlotHeld whenHeld;
    private final String slot;

    /** @param sessions may have the slot for a moment after they were closed */
    public Slots(PostgresSourceConfig config, Advice advice, OwnSessions sessions) {
        this(config, advice, sessions, config.slotHeld());
    }

    /** @param whenHeld whether it is worth trying again while another process has the slot */
    public Slots(PostgresSourceConfig config, Advice advice, OwnSessions sessions, SlotHeld whenHeld) {
        this.whenHeld = whenHeld;
        this.config = config;
        this.advice = advice;
        this.sessions = sessions;
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

    /** Tries {@code attempt} again for that long while one of our own sessions, which was closed, still has the slot. */
    public <T> T whenFree(Duration patience, Supplier<T> attempt) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return attempt.get();
            } catch (SlotHeldException e) {
                if (!e.retryable() || System.nanoTime() - end > 0) {
                    throw e;
                }
                await(e);
            }
        }
    }

    private static void await(SlotHeldException held) {
        try {
            TimeUnit.NANOSECONDS.sleep(GAP.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw held;
        }
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

    /** How much log the server keeps for the slot, and for how long yet; empty: there is no slot. */
    public Optional<SlotReading> reading(PostgresConnection connection) {
        String limits =
                connection.serverVersionNumber() >= FIRST_WITH_LIMIT ? "wal_status, safe_wal_size" : "NULL, NULL";
        return connection
                .query("SELECT restart_lsn, confirmed_flush_lsn, coalesce(pg_wal_lsn_diff(end_lsn, restart_lsn), 0),"
                        + " coalesce(pg_wal_lsn_diff(end_lsn, confirmed_flush_lsn), 0), " + limits
                        + " FROM pg_replication_slots, (SELECT CASE WHEN pg_is_in_recovery() THEN"
                        + " pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS end_lsn) AS server"
                        + " WHERE slot_name = " + Sql.literal(slot))
                .rows()
                .stream()
                .findFirst()
                .map(row -> new SlotReading(
                        config.clock().instant(),
                        row.text(0).map(Lsn::parse).orElse(Lsn.INVALID),
                        row.text(1).map(Lsn::parse).orElse(Lsn.INVALID),
                        row.requiredLong(2),
                        row.requiredLong(3),
                        row.text(4),
                        row.text(5)
                                .map(size -> OptionalLong.of(Long.parseLong(size)))
                                .orElse(OptionalLong.empty())));
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
     * @throws HostUnsuitableException if it is kept up for another server
     */
    public void requireOurs(SlotState state) {
        if (!state.plugin().equals(Optional.of("pgoutput"))) {
            throw unusable(state.plugin()
                    .map(plugin -> "uses the plugin " + plugin + " instead of pgoutput")
                    .orElse("is a physical one"));
        }
        if (!state.database().equals(Optional.of(config.database()))) {
            throw unusable("belongs to database " + state.database().orElse("?"));
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

    /** @throws PositionUnavailableException if the server can't serve the slot any more */
    public void requireKept(SlotState state) {
        if (state.lost().isPresent()) {
            String reason = state.lost().get();
            throw PositionUnavailableException.ofSlot(
                    "replication slot \"" + slot + "\" was invalidated by the server ("
                            + reason + "): changes since "
                            + state.confirmedFlush().map(Lsn::toString).orElse("?")
                            + " are lost",
                    "Drop it with " + advice.dropSlot() + " and start with a bootstrap; " + prevention(reason)
                            + " if this happens again.",
                    null);
        }
    }

    /** Before version 17 the server gives no reason; then it is the size. */
    private static String prevention(String reason) {
        if (reason.endsWith("idle_timeout")) {
            return "raise idle_replication_slot_timeout, or don't leave the source stopped for so long,";
        } else if (reason.endsWith("rows_removed") || reason.equals("conflicting")) {
            return "the primary removed rows of its catalog that this standby still needed: set hot_standby_feedback = on and"
                    + " primary_slot_name here";
        } else if (reason.endsWith("wal_level_insufficient")) {
            return "keep wal_level = logical on the primary";
        }
        return "raise max_slot_wal_keep_size";
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
                whenHeld == SlotHeld.WAIT || pid.filter(sessions::contain).isPresent(),
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
