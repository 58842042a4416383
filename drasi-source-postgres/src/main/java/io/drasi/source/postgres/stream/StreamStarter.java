// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.Streaming;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Starts the streams of a source, all with the same options. */
public final class StreamStarter {
    private static final int STREAMING_SINCE = 140_000;
    private static final int TWO_PHASE_SINCE = 150_000;
    private static final int PARALLEL_SINCE = 160_000;

    private final PostgresSourceConfig config;

    public StreamStarter(PostgresSourceConfig config) {
        this.config = config;
    }

    /**
     * Transactions that are prepared come when they are committed, unless the slot has two-phase commits on already.
     *
     * @param binary whether values are to come in binary format
     */
    public StartedStream start(ReplicationConnection replication, String slot, Lsn from, boolean binary) {
        return start(replication, slot, from, binary, false);
    }

    /**
     * With what the configuration says of prepared transactions. The server turns two-phase commits on for the slot, for good:
     * transactions that were prepared before {@code from} come when they are committed all the same.
     *
     * @param binary whether values are to come in binary format
     */
    public StartedStream startShared(ReplicationConnection replication, String slot, Lsn from, boolean binary) {
        return start(replication, slot, from, binary, config.twoPhase());
    }

    private StartedStream start(
            ReplicationConnection replication, String slot, Lsn from, boolean binary, boolean twoPhase) {
        int server = replication.serverVersionNumber();
        Streaming streaming = streaming(server);
        int version = protocolVersion(server);
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", Integer.toString(version));
        if (streaming != Streaming.OFF) {
            options.put("streaming", streaming.name().toLowerCase(Locale.ROOT));
        }
        if (twoPhase) {
            options.put("two_phase", "on");
        }
        if (binary) {
            options.put("binary", "true");
        }
        options.put("publication_names", Sql.identifier(config.publicationName()));
        return new StartedStream(
                replication.startReplication(slot, from, options),
                new PgOutputDecoder(version, streaming == Streaming.PARALLEL));
    }

    private Streaming streaming(int server) {
        if (server < STREAMING_SINCE) {
            return Streaming.OFF;
        }
        return config.streaming() == Streaming.PARALLEL && server < PARALLEL_SINCE
                ? Streaming.ON
                : config.streaming();
    }

    /** The newest that the server knows. */
    private static int protocolVersion(int server) {
        if (server >= PARALLEL_SINCE) {
            return 4;
        }
        if (server >= TWO_PHASE_SINCE) {
            return 3;
        }
        return server >= STREAMING_SINCE ? 2 : 1;
    }

    /** How often the server hears from us: a third of its patience at most, so that one lost update does no harm. */
    public Duration statusInterval(ReplicationConnection replication) {
        long patienceMillis = replication
                .query("SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'")
                .single()
                .requiredLong(0);
        Duration third = Duration.ofMillis(Math.max(patienceMillis / 3, 10));
        return patienceMillis > 0 && third.compareTo(config.statusInterval()) < 0 ? third : config.statusInterval();
    }
}
