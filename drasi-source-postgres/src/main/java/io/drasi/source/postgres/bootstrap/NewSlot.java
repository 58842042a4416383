// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.replication.CreatedSlot;
import io.drasi.postgres.client.replication.SlotOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates a logical slot, with the snapshot from which its stream goes on. */
public final class NewSlot {
    private static final Logger LOG = LoggerFactory.getLogger(NewSlot.class);
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(1);
    private static final int LONGEST_NAME = 63;

    private final String sourceId;
    private final String name;
    private final SlotOptions options;

    /** @param options whether the slot outlives its connection, and exports its snapshot */
    public NewSlot(String sourceId, String name, SlotOptions options) {
        this.sourceId = sourceId;
        this.name = name;
        this.options = options;
    }

    /** A slot of its own beside that of that name, which is gone with its connection. */
    public static NewSlot temporary(String sourceId, String besideName) {
        String suffix =
                "_" + Long.toHexString(ProcessHandle.current().pid()) + "_" + Long.toHexString(System.nanoTime());
        String name = besideName.substring(0, Math.min(besideName.length(), LONGEST_NAME - suffix.length())) + suffix;
        return new NewSlot(sourceId, name, SlotOptions.forThisConnection().withSnapshot(SlotOptions.Snapshot.EXPORT));
    }

    public String name() {
        return name;
    }

    /**
     * Waits until all transactions that write now have ended.
     *
     * @param ordinary is asked for the time, and what is waited for
     * @param replication keeps the snapshot until its next command
     * @param onWait is told what is waited for, if it takes more than a moment; on another thread
     */
    public Snapshot create(PostgresConnection ordinary, ReplicationConnection replication, Consumer<String> onWait) {
        Instant before = Instant.parse(ordinary.query("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                        + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
                .single()
                .required(0));
        LOG.info(
                "source '{}': creating slot {}; this waits until transactions that write now have ended",
                sourceId,
                name);
        SlotWait wait = new SlotWait(ordinary, name, replication.backendPid(), onWait);
        CreatedSlot created;
        try {
            created = replication.createLogicalSlot(name, options);
        } finally {
            wait.close();
        }
        LOG.info("source '{}': slot {} begins at {}", sourceId, name, created.consistentPoint());
        return new Snapshot(created.snapshotName().orElse(""), created.consistentPoint(), before);
    }

    /** A server that waits for transactions to end, to make a slot, would go on with that for a closed connection. */
    public static void cancel(ReplicationConnection replication) {
        boolean unused = replication.cancel(CANCEL_TIMEOUT);
        replication.abort();
    }
}
