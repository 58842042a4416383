// SPDX-License-Identifier: Apache-2.0
/**
 * The messages that a server sends (PostgreSQL documentation, "Message Formats", those marked B).
 */
@NullMarked
package io.drasi.postgres.protocol.backend;

import org.jspecify.annotations.NullMarked;
