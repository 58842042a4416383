// SPDX-License-Identifier: Apache-2.0
/**
 * What a walsender puts into CopyData (PostgreSQL documentation, "Streaming Replication Protocol").
 */
@NullMarked
package io.drasi.postgres.protocol.replication;

import org.jspecify.annotations.NullMarked;
