// SPDX-License-Identifier: Apache-2.0
/**
 * From the connection string, command line, configuration file and environment to the configuration of sources. Each
 * of these is a layer of {@link io.drasi.pg.options.SourceOptions}; the upper ones cover the lower ones.
 */
@NullMarked
package io.drasi.pg.options;

import org.jspecify.annotations.NullMarked;
