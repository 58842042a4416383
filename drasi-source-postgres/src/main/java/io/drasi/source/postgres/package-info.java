// SPDX-License-Identifier: Apache-2.0
/** A Drasi source that reads from a PostgreSQL server. */
@NullMarked
package io.drasi.source.postgres;

import org.jspecify.annotations.NullMarked;
