// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ElementValue;

/** A value as the server sends it, and what reads it. */
interface Encoded {
    ElementValue decode();
}
