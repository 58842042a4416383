// SPDX-License-Identifier: Apache-2.0
/** What decoding costs. CONTRIBUTING.md has the command. */
@NullMarked
package io.drasi.benchmarks;

import org.jspecify.annotations.NullMarked;
