// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/** What a source does while another process reads from its slot, or has it reserved. */
public enum SlotHeld {
    /** It tries again until the slot is free. Each failed attempt names the server process that has it. */
    WAIT,
    /** It ends with an error that names that process. */
    FAIL
}
