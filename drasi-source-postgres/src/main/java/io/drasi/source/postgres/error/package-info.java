// SPDX-License-Identifier: Apache-2.0
/** What can go wrong with a source, sorted by what to do about it: wait for the retry, or stop and fix. */
@NullMarked
package io.drasi.source.postgres.error;

import org.jspecify.annotations.NullMarked;
