// SPDX-License-Identifier: Apache-2.0
/** Counts what the source does, for those who watch it. */
@NullMarked
package io.drasi.source.postgres.meter;

import org.jspecify.annotations.NullMarked;
