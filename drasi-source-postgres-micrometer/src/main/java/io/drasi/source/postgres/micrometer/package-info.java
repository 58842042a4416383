// SPDX-License-Identifier: Apache-2.0
/** Shows the metrics of a source in a Micrometer registry. */
@NullMarked
package io.drasi.source.postgres.micrometer;

import org.jspecify.annotations.NullMarked;
