// SPDX-License-Identifier: Apache-2.0
/**
 * The messages that a client sends (PostgreSQL documentation, "Message Formats", those marked F).
 */
@NullMarked
package io.drasi.postgres.protocol.frontend;

import org.jspecify.annotations.NullMarked;
