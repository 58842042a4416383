// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.source.postgres.server.OwnPublication;
import io.drasi.source.postgres.server.SlotMarker;
import io.drasi.source.postgres.server.SlotState;
import io.drasi.source.postgres.server.Slots;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Drops what a source has on the server. */
final class Deprovisioning {
    private static final Logger LOG = LoggerFactory.getLogger(Deprovisioning.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Slots slots;
    private final OwnPublication publication;

    /** @param slots for which a slot is worth waiting for only while a closed connection of the source has it */
    Deprovisioning(Slots slots, OwnPublication publication) {
        this.slots = slots;
        this.publication = publication;
    }

    /**
     * The slot goes first: without its markers it would look like one that can be gone on from.
     *
     * @throws io.drasi.source.postgres.error.SourceException if the slot is not the source's, or another process has it
     */
    Deprovisioned run(PostgresConnection connection) {
        Optional<SlotState> slot = free(connection);
        if (slot.isPresent()) {
            slots.drop(connection);
            LOG.info("dropped replication slot {}", slots.name());
        }
        Set<SlotMarker> markers = slots.markers(connection);
        markers.forEach(marker -> slots.dropMarker(connection, marker));
        boolean published = publication.drop(connection);
        slots.release(connection);
        return new Deprovisioned(slot.isPresent(), markers.size(), published);
    }

    /** The slot, which no other process has now. */
    private Optional<SlotState> free(PostgresConnection connection) {
        return slots.whenFree(PATIENCE, () -> {
            slots.reserve(connection);
            Optional<SlotState> slot = slots.state(connection);
            slot.ifPresent(slots::requireOurs);
            return slot;
        });
    }
}
