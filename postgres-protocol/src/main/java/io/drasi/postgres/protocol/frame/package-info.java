// SPDX-License-Identifier: Apache-2.0
/**
 * The envelope of every message that the server sends: a type byte and a length.
 */
@NullMarked
package io.drasi.postgres.protocol.frame;

import org.jspecify.annotations.NullMarked;
