// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.SourceEvent;
import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.Step;
import java.util.function.Supplier;

/**
 * Where a run ends: after the last transaction that committed at or before {@code lsn}.
 *
 * @param handedOver everything that committed before its answer is in the subscription's queue, or was taken from it
 */
public record EndPosition(Lsn lsn, Supplier<Lsn> handedOver) {
    /** On a standby, what it has replayed. */
    private static final String CURRENT =
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END";

    /**
     * Asks the server up to where its log is on disk: all that has committed lies before, but for the last moments of
     * sessions with {@code synchronous_commit = off}, whose commits reach the disk up to three times {@code
     * wal_writer_delay} later. The position up to which the log is written is of no use here: on a server at rest the part
     * of it that is not yet on disk, and so not sent, may be left like that for long.
     *
     * @throws io.drasi.source.postgres.error.SourceException if the server can't be asked
     */
    public static Lsn currentOf(PostgresSourceConfig config) {
        try (PostgresConnection connection = new Connections(config).openOrdinary()) {
            return Lsn.parse(connection.query(CURRENT).single().required(0));
        } catch (PostgresClientException e) {
            throw new Advice(config).explain(e, Step.CONNECT);
        }
    }

    /** Whether {@code event} lies beyond, and with it all that follow. */
    boolean passedBy(SourceEvent event) {
        return event instanceof SourceEvent.Transaction transaction
                && new Lsn(transaction.commitLsn()).compareTo(lsn) > 0;
    }

    /** Whether nothing more is to come, once the subscription's queue is empty. */
    boolean reached() {
        return handedOver.get().compareTo(lsn) >= 0;
    }
}
