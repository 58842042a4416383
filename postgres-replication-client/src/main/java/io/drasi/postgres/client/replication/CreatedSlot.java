// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Optional;

/**
 * The answer to CREATE_REPLICATION_SLOT.
 *
 * @param consistentPoint the stream carries every transaction that commits at or after it, the snapshot all others
 * @param snapshotName for {@code SET TRANSACTION SNAPSHOT}; present if it was exported, and valid until the connection
 *     that made the slot runs another command or closes
 * @param plugin the output plugin
 */
public record CreatedSlot(String name, Lsn consistentPoint, Optional<String> snapshotName, String plugin) {}
