// SPDX-License-Identifier: Apache-2.0
/** What the catalog says of the published tables, and the shape that gives to their rows. */
@NullMarked
package io.drasi.source.postgres.schema;

import org.jspecify.annotations.NullMarked;
