// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.DispatchMode;

/**
 * How much may wait for a subscriber.
 *
 * @param mode what happens when it does
 * @param events so many
 * @param memory bytes that transactions take, about; the one that goes beyond is still taken
 */
public record QueueLimits(DispatchMode mode, int events, long memory) {
    /** The option by which a queue with so many events is full, with its value. */
    String reached(int waiting) {
        return waiting >= events
                ? "dispatch_buffer_capacity (now " + events + ")"
                : "max_transaction_memory (now " + memory + " bytes)";
    }
}
