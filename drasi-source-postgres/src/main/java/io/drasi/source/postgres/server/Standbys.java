// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.HostUnsuitableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** What is to be checked of a server because it is a standby, or has standbys that are to keep the slot up. */
public final class Standbys {
    private static final int FIRST_WITH_DECODING = 160_000;
    private static final int FIRST_WITH_FAILOVER = 170_000;

    private final PostgresSourceConfig config;
    private final BooleanSupplier mayMeetAnother;

    /** @param mayMeetAnother whether a standby that does not do may be replaced by another server, without a new start */
    Standbys(PostgresSourceConfig config, BooleanSupplier mayMeetAnother) {
        this.config = config;
        this.mayMeetAnother = mayMeetAnother;
    }

    /** Whether the server is in recovery. */
    public static boolean isStandby(PostgresConnection connection) {
        return connection.query("SELECT pg_is_in_recovery()").single().requiredBoolean(0);
    }

    /**
     * What the user should know though it is no error.
     *
     * @throws SetupException if the source can't work like that
     * @throws HostUnsuitableException if another server may do instead
     */
    Optional<String> check(PostgresConnection connection) {
        int version = connection.serverVersionNumber();
        boolean standby = isStandby(connection);
        if (standby && version < FIRST_WITH_DECODING) {
            throw unsuitable(
                    "the server is a standby, and has PostgreSQL " + release(connection)
                            + ": standbys can be read from with PostgreSQL 16 or later",
                    "Read from the primary.");
        }
        if (!config.failoverSlot()) {
            return Optional.empty();
        }
        if (version < FIRST_WITH_FAILOVER) {
            throw new SetupException(
                    "failover_slot needs PostgreSQL 17 or later, but the server has " + release(connection),
                    "Leave failover_slot off: with this server a promotion needs a new slot and a bootstrap.",
                    null);
        }
        if (standby) {
            throw unsuitable(
                    "failover_slot needs the primary, but the server is a standby",
                    "Read from the primary, or leave failover_slot off.");
        }
        return connection
                        .query("SHOW synchronized_standby_slots")
                        .single()
                        .required(0)
                        .isBlank()
                ? Optional.of(
                        "failover_slot is on, but synchronized_standby_slots of the server is empty: what it sends may"
                                + " not be on the standby yet, and a promotion then loses changes that were delivered. ALTER SYSTEM"
                                + " SET synchronized_standby_slots = '…'; with the standby's physical slot (its"
                                + " primary_slot_name), and SELECT pg_reload_conf();")
                : Optional.empty();
    }

    /** What is wrong with a server: if it is a standby, another one may do. */
    SourceException unusable(PostgresConnection connection, String problem, String remedy) {
        return isStandby(connection) ? unsuitable(problem, remedy) : new SetupException(problem, remedy, null);
    }

    private SourceException unsuitable(String problem, String remedy) {
        if (!mayMeetAnother.getAsBoolean()) {
            return new SetupException(problem, remedy, null);
        }
        String option = config.servers().size() > 1 ? " Option: target_session_attrs = primary." : "";
        return new HostUnsuitableException(problem, remedy + option, null);
    }

    private static String release(PostgresConnection connection) {
        return connection.parameter("server_version").orElse("?");
    }
}
