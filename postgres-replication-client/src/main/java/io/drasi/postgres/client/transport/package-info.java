// SPDX-License-Identifier: Apache-2.0
/** Bytes to and from a server, with deadlines, over TCP and Unix sockets. Errors are I/O exceptions. */
@NullMarked
package io.drasi.postgres.client.transport;

import org.jspecify.annotations.NullMarked;
