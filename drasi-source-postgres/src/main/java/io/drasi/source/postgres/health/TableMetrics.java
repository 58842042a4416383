// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

/**
 * What was read of a table since the source was made, over all its runs. What the server sends again after a reconnect counts
 * again.
 *
 * @param inserts rows inserted
 * @param updates rows updated; one that gets another id counts once, though subscribers are given a delete and an insert
 * @param deletes rows deleted
 * @param truncates how often it was truncated
 * @param snapshotRows rows read in bootstraps
 */
public record TableMetrics(long inserts, long updates, long deletes, long truncates, long snapshotRows) {}
