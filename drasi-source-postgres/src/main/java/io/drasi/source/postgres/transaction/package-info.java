// SPDX-License-Identifier: Apache-2.0
/** Puts the messages between Begin and Commit together to one transaction. */
@NullMarked
package io.drasi.source.postgres.transaction;

import org.jspecify.annotations.NullMarked;
