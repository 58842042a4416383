// SPDX-License-Identifier: Apache-2.0
/** Prints what subscriptions yield, and confirms what was printed. */
@NullMarked
package io.drasi.pg.stream;

import org.jspecify.annotations.NullMarked;
