// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Optional;

/**
 * The answer to IDENTIFY_SYSTEM.
 *
 * @param systemId of the cluster, from initdb; a decimal number of up to 64 bits
 * @param xlogPos how far the WAL is flushed; on a standby, replayed
 * @param database that the connection is to
 */
public record SystemIdentification(String systemId, long timeline, Lsn xlogPos, Optional<String> database) {}
