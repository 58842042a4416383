// SPDX-License-Identifier: Apache-2.0
/** From the rows that the server sends to source changes: values, element ids, before and after. */
@NullMarked
package io.drasi.source.postgres.change;

import org.jspecify.annotations.NullMarked;
