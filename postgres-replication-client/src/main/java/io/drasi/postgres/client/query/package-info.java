// SPDX-License-Identifier: Apache-2.0
/** What a simple query is given and what it yields. */
@NullMarked
package io.drasi.postgres.client.query;

import org.jspecify.annotations.NullMarked;
