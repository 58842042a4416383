// SPDX-License-Identifier: Apache-2.0
/** TLS over a connected socket: which certificates are trusted, for which name, and the record layer itself. */
@NullMarked
package io.drasi.postgres.client.tls;

import org.jspecify.annotations.NullMarked;
