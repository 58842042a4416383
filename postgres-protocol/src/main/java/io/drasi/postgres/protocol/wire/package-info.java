// SPDX-License-Identifier: Apache-2.0
/**
 * What every message is made of: the cursor that reads and the writer that writes big-endian values, borrowed bytes,
 * positions in the WAL ({@link io.drasi.postgres.protocol.wire.Lsn}) and PostgreSQL's timestamps.
 */
@NullMarked
package io.drasi.postgres.protocol.wire;

import org.jspecify.annotations.NullMarked;
