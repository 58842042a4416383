// SPDX-License-Identifier: Apache-2.0
/**
 * Turns the bytes that the send function of a type makes into an {@link io.drasi.model.ElementValue}, equal to that which
 * the package above makes of the type's text. Pure: no I/O and no state.
 *
 * <p>A type has a codec here only if its binary form loses nothing. The bytes are those of PostgreSQL 14 and later, in a
 * session with {@code client_encoding = UTF8}.
 */
@NullMarked
package io.drasi.source.postgres.types.binary;

import org.jspecify.annotations.NullMarked;
