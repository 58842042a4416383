// SPDX-License-Identifier: Apache-2.0
/**
 * The messages of the output plugin pgoutput (PostgreSQL documentation, "Logical Replication Message Formats").
 */
@NullMarked
package io.drasi.postgres.protocol.pgoutput;

import org.jspecify.annotations.NullMarked;
