// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

import java.util.Locale;
import java.util.Optional;

/**
 * What there is to worry about in how much log the server keeps for a slot.
 *
 * @param text what it is and what to do about it
 */
public record RetentionConcern(Kind kind, String text) {
    /** From bad to worse. */
    public enum Kind {
        /** More than {@code retention_warning}. */
        MUCH,
        /** More than {@code max_wal_size}: without the slot the server would have less. */
        EXTENDED,
        /** A quarter or less is left of what {@code max_slot_wal_keep_size} allows. */
        NEAR_LIMIT,
        /** Beyond {@code max_slot_wal_keep_size}: the next checkpoint ends the slot. */
        UNRESERVED,
        /** The server has given the slot up. */
        LOST
    }

    private static final int LEAST_SHARE_LEFT = 4;
    private static final String LOOK_FOR_TRANSACTIONS =
            "Little of it is not confirmed: a transaction that is open for long has the rest kept. Which: SELECT pid,"
                    + " xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY xact_start;";

    /**
     * The worst of a reading, if there is something.
     *
     * @param retentionWarning as the option, in bytes; 0: any size is all right
     */
    public static Optional<RetentionConcern> of(String slot, SlotReading reading, long retentionWarning) {
        return kind(reading, retentionWarning)
                .map(kind -> new RetentionConcern(
                        kind,
                        "the server keeps " + size(reading.retainedBytes()) + " of its log for replication slot \""
                                + slot + "\"" + words(kind, reading, retentionWarning) + ". " + advice(reading)));
    }

    private static Optional<Kind> kind(SlotReading reading, long retentionWarning) {
        String status = reading.walStatus().orElse("");
        if (status.equals("lost")) {
            return Optional.of(Kind.LOST);
        } else if (status.equals("unreserved")) {
            return Optional.of(Kind.UNRESERVED);
        } else if (reading.safeWalSize().isPresent() && nearLimit(reading)) {
            return Optional.of(Kind.NEAR_LIMIT);
        } else if (status.equals("extended")) {
            return Optional.of(Kind.EXTENDED);
        }
        return retentionWarning > 0 && reading.retainedBytes() >= retentionWarning
                ? Optional.of(Kind.MUCH)
                : Optional.empty();
    }

    private static boolean nearLimit(SlotReading reading) {
        long safe = reading.safeWalSize().orElseThrow();
        return safe < (safe + reading.retainedBytes()) / LEAST_SHARE_LEFT;
    }

    private static String words(Kind kind, SlotReading reading, long retentionWarning) {
        return switch (kind) {
            case LOST -> " no longer: the slot is lost (wal_status = lost)";
            case UNRESERVED ->
                ", more than max_slot_wal_keep_size allows: the next checkpoint gives the slot up (wal_status ="
                        + " unreserved)";
            case NEAR_LIMIT ->
                ": when it has written " + size(reading.safeWalSize().orElse(0))
                        + " more, max_slot_wal_keep_size has it give the slot up";
            case EXTENDED -> ", more than max_wal_size (wal_status = extended)";
            case MUCH -> ", more than retention_warning = " + size(retentionWarning);
        };
    }

    private static String advice(SlotReading reading) {
        return reading.unconfirmedBytes() > reading.retainedBytes() / 2
                ? "Not confirmed is " + size(reading.unconfirmedBytes())
                        + ": see that the subscribers take and confirm their events."
                : LOOK_FOR_TRANSACTIONS;
    }

    /** In PostgreSQL's units. */
    static String size(long bytes) {
        String[] units = {"bytes", "kB", "MB", "GB", "TB"};
        double number = bytes;
        int unit = 0;
        while (Math.abs(number) >= 1024 && unit < units.length - 1) {
            number /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", number, units[unit]);
    }
}
