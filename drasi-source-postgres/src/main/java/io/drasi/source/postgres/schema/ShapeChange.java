// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.SourceEvent;

/**
 * A table has another shape from here on.
 *
 * @param repeated whether an earlier stream of this run has shown that already
 */
public record ShapeChange(SourceEvent.SchemaChanged change, boolean repeated) {}
