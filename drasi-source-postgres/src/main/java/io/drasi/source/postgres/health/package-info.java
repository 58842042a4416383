// SPDX-License-Identifier: Apache-2.0
/** What an operator wants to know of a source's slot while it streams. */
@NullMarked
package io.drasi.source.postgres.health;

import org.jspecify.annotations.NullMarked;
