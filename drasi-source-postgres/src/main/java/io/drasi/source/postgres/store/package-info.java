// SPDX-License-Identifier: Apache-2.0
/** Positions of queries in a file. */
@NullMarked
package io.drasi.source.postgres.store;

import org.jspecify.annotations.NullMarked;
