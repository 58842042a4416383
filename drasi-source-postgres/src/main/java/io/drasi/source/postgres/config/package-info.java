// SPDX-License-Identifier: Apache-2.0
/** The options of a source, checked. */
@NullMarked
package io.drasi.source.postgres.config;

import org.jspecify.annotations.NullMarked;
