// SPDX-License-Identifier: Apache-2.0
/** The replication stream: reads, assembles, hands over, and tells the server what was confirmed. */
@NullMarked
package io.drasi.source.postgres.stream;

import org.jspecify.annotations.NullMarked;
