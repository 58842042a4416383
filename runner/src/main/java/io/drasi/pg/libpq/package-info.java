// SPDX-License-Identifier: Apache-2.0
/** The conventions of PostgreSQL's own client library: connection strings and the password file. */
@NullMarked
package io.drasi.pg.libpq;

import org.jspecify.annotations.NullMarked;
