// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.time.Instant;

/**
 * PostgreSQL's {@code TimestampTz}: microseconds since 2000-01-01 00:00:00 UTC, before it negative. Messages carry it as a
 * plain {@code long} (named {@code …Micros}); this is where it becomes something else.
 */
public final class PgTimestamp {
    /** 2000-01-01 00:00:00 UTC. */
    public static final Instant EPOCH = Instant.ofEpochSecond(946_684_800L);

    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final long NANOS_PER_MICRO = 1_000L;
    private static final long EPOCH_UNIX_MICROS = EPOCH.getEpochSecond() * MICROS_PER_SECOND;

    private PgTimestamp() {}

    /** @param micros PostgreSQL's microseconds, any value */
    public static Instant toInstant(long micros) {
        long seconds = Math.floorDiv(micros, MICROS_PER_SECOND);
        long nanos = Math.floorMod(micros, MICROS_PER_SECOND) * NANOS_PER_MICRO;
        return EPOCH.plusSeconds(seconds).plusNanos(nanos);
    }

    /**
     * PostgreSQL's microseconds of {@code instant}, rounded down.
     *
     * @throws ArithmeticException if they do not fit into 64 bits
     */
    public static long fromInstant(Instant instant) {
        long seconds = Math.subtractExact(instant.getEpochSecond(), EPOCH.getEpochSecond());
        long micros = instant.getNano() / NANOS_PER_MICRO;
        // Towards zero, since the whole seconds of the least value are below what 64 bits hold.
        return seconds < 0
                ? Math.addExact(Math.multiplyExact(seconds + 1, MICROS_PER_SECOND), micros - MICROS_PER_SECOND)
                : Math.addExact(Math.multiplyExact(seconds, MICROS_PER_SECOND), micros);
    }

    /**
     * Nanoseconds since 1970-01-01 00:00:00 UTC.
     *
     * @param micros PostgreSQL's microseconds
     * @throws ArithmeticException if the nanoseconds do not fit into 64 bits (before 1677 and after 2262)
     */
    public static long toUnixNanos(long micros) {
        return Math.multiplyExact(Math.addExact(micros, EPOCH_UNIX_MICROS), NANOS_PER_MICRO);
    }

    /**
     * PostgreSQL's microseconds, rounded down.
     *
     * @param nanos nanoseconds since 1970-01-01 00:00:00 UTC
     */
    public static long fromUnixNanos(long nanos) {
        return Math.floorDiv(nanos, NANOS_PER_MICRO) - EPOCH_UNIX_MICROS;
    }
}
