// SPDX-License-Identifier: Apache-2.0
/**
 * Turns the text in which PostgreSQL prints a value into an {@link io.drasi.model.ElementValue}. Pure: no I/O, no state,
 * and no knowledge of where the text came from, so that a snapshot and a stream give equal values.
 *
 * <p>The text is that of a session with {@code client_encoding = UTF8}, {@code DateStyle = 'ISO, YMD'}, {@code
 * IntervalStyle = postgres}, {@code TimeZone = UTC}, {@code bytea_output = hex}, {@code extra_float_digits = 3}, {@code
 * lc_monetary = C} and {@code quote_all_identifiers = off}. Something else is a {@link io.drasi.source.postgres.types.ValueFormatException}, never a guess.
 */
@NullMarked
package io.drasi.source.postgres.types;

import org.jspecify.annotations.NullMarked;
