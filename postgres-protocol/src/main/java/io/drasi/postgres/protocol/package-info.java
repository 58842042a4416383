// SPDX-License-Identifier: Apache-2.0
/** The PostgreSQL wire protocol as bytes and messages, without I/O. */
@NullMarked
package io.drasi.postgres.protocol;

import org.jspecify.annotations.NullMarked;
