// SPDX-License-Identifier: Apache-2.0
/** Files for what of large transactions does not stay in memory. */
@NullMarked
package io.drasi.source.postgres.spool;

import org.jspecify.annotations.NullMarked;
