// SPDX-License-Identifier: Apache-2.0
/** What the tests of all modules share. */
@NullMarked
package io.drasi.testkit;

import org.jspecify.annotations.NullMarked;
