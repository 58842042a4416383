// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Starts the streams of a source, all with the same options. */
public final class StreamStarter {
    private final PostgresSourceConfig config;

    public StreamStarter(PostgresSourceConfig config) {
        this.config = config;
    }

    /** @param binary whether values are to come in binary format */
    public ReplicationStream start(ReplicationConnection replication, String slot, Lsn from, boolean binary) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", "1");
        if (binary) {
            options.put("binary", "true");
        }
        options.put("publication_names", Sql.identifier(config.publicationName()));
        return replication.startReplication(slot, from, options);
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
