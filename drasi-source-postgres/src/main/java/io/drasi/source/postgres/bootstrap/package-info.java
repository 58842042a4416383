// SPDX-License-Identifier: Apache-2.0
/** Reads the current rows of the published tables from an exported snapshot. */
@NullMarked
package io.drasi.source.postgres.bootstrap;

import org.jspecify.annotations.NullMarked;
