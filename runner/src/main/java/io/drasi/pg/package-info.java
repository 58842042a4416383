// SPDX-License-Identifier: Apache-2.0
/** The command-line program that runs a source. */
@NullMarked
package io.drasi.pg;

import org.jspecify.annotations.NullMarked;
