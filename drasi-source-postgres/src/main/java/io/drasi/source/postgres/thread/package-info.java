// SPDX-License-Identifier: Apache-2.0
/** What all who have threads need. */
@NullMarked
package io.drasi.source.postgres.thread;

import org.jspecify.annotations.NullMarked;
