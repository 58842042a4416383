// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import io.drasi.postgres.client.query.Sql;
import java.util.ArrayList;
import java.util.List;

/**
 * How a logical slot is made.
 *
 * @param temporary the server drops it at the end of the connection, or at an error on it
 * @param twoPhase prepared transactions are sent when they are prepared; PostgreSQL 15 and later
 * @param failover the slot is kept up on standbys; PostgreSQL 17 and later
 */
public record SlotOptions(boolean temporary, Snapshot snapshot, boolean twoPhase, boolean failover) {
    private static final int NEW_SYNTAX = 150_000;
    private static final int FAILOVER_SINCE = 170_000;

    /** What becomes of the snapshot that belongs to the slot's consistent point. */
    public enum Snapshot {
        /** Other connections can use it, as long as this one runs no further command. */
        EXPORT,
        /** It is dropped. */
        NOTHING,
        /** The connection's own transaction uses it; it must be new, {@code REPEATABLE READ} and {@code READ ONLY}. */
        USE;

        private String oldSyntax() {
            return switch (this) {
                case EXPORT -> "EXPORT_SNAPSHOT";
                case NOTHING -> "NOEXPORT_SNAPSHOT";
                case USE -> "USE_SNAPSHOT";
            };
        }

        private String newSyntax() {
            return switch (this) {
                case EXPORT -> "SNAPSHOT 'export'";
                case NOTHING -> "SNAPSHOT 'nothing'";
                case USE -> "SNAPSHOT 'use'";
            };
        }
    }

    /** A slot that stays, with its snapshot exported. */
    public static SlotOptions permanent() {
        return new SlotOptions(false, Snapshot.EXPORT, false, false);
    }

    /** A slot that goes with the connection, with its snapshot exported. */
    public static SlotOptions forThisConnection() {
        return new SlotOptions(true, Snapshot.EXPORT, false, false);
    }

    public SlotOptions withSnapshot(Snapshot value) {
        return new SlotOptions(temporary, value, twoPhase, failover);
    }

    public SlotOptions withTwoPhase(boolean value) {
        return new SlotOptions(temporary, snapshot, value, failover);
    }

    public SlotOptions withFailover(boolean value) {
        return new SlotOptions(temporary, snapshot, twoPhase, value);
    }

    /**
     * The replication command that makes the slot for the plugin {@code pgoutput}, in the syntax of the server's version.
     *
     * @param serverVersionNumber for example 180006
     * @throws IllegalArgumentException if the version doesn't know an option that is set
     */
    public String createCommand(String slot, int serverVersionNumber) {
        String command = "CREATE_REPLICATION_SLOT " + Sql.identifier(slot) + (temporary ? " TEMPORARY" : "")
                + " LOGICAL pgoutput ";
        if (serverVersionNumber < NEW_SYNTAX) {
            require(!twoPhase, "twoPhase needs PostgreSQL 15 or later");
            require(!failover, "failover needs PostgreSQL 17 or later");
            return command + snapshot.oldSyntax();
        }
        require(!failover || serverVersionNumber >= FAILOVER_SINCE, "failover needs PostgreSQL 17 or later");
        List<String> options = new ArrayList<>(List.of(snapshot.newSyntax()));
        if (twoPhase) {
            options.add("TWO_PHASE");
        }
        if (failover) {
            options.add("FAILOVER");
        }
        return command + "(" + String.join(", ", options) + ")";
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
