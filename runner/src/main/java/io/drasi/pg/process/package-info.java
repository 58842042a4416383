// SPDX-License-Identifier: Apache-2.0
/** The program as a process: its exit codes, signals and log. */
@NullMarked
package io.drasi.pg.process;

import org.jspecify.annotations.NullMarked;
