// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/** How an option is checked. */
final class Option {
    private Option() {}

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
