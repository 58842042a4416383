// SPDX-License-Identifier: Apache-2.0
/** Events as JSON lines on standard output, with account of what the operating system has taken. */
@NullMarked
package io.drasi.pg.output;

import org.jspecify.annotations.NullMarked;
