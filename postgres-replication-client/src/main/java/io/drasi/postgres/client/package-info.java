// SPDX-License-Identifier: Apache-2.0
/** Connections to a PostgreSQL server and its logical replication stream. */
@NullMarked
package io.drasi.postgres.client;

import org.jspecify.annotations.NullMarked;
