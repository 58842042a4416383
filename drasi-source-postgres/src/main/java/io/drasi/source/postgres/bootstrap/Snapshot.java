// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Instant;

/**
 * A snapshot that a slot's creation exported: it holds exactly what committed before the slot's consistent point.
 *
 * @param name for {@code SET TRANSACTION SNAPSHOT}
 * @param takenAt by the server's clock; not later than any commit after the consistent point
 */
public record Snapshot(String name, Lsn consistentPoint, Instant takenAt) {}
