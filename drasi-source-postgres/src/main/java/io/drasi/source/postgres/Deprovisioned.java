// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

/**
 * What {@link PostgresReplicationSource#deprovision} has dropped.
 *
 * @param slot whether there was the replication slot
 * @param markers the number of markers of bootstraps that had not ended
 * @param publication whether there was a publication that the source had made
 */
public record Deprovisioned(boolean slot, int markers, boolean publication) {}
