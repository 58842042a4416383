// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

/**
 * What of transactions does not fit in memory.
 *
 * @param transactions received of which a part was in a file; since the source was made, over all its runs
 * @param files that there are now
 * @param bytes in them
 */
public record SpoolMetrics(long transactions, int files, long bytes) {}
