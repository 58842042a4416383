// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

/**
 * A value with the place it was given at.
 *
 * @param origin for messages: {@code --port}, {@code PGPORT}, {@code port in shop.yaml}
 */
record Given(String value, String origin) {
    /** Without the value, which may be a secret. */
    @Override
    public String toString() {
        return "Given[" + origin + "]";
    }
}
