// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.model.Position;
import java.util.Optional;

/**
 * A table as its rows are from here on in a stream.
 *
 * @param oid unsigned
 * @param position of the transaction that it stands in, before its changes
 * @param change what is different from how the stream described it last
 */
public record TableDescription(long oid, TableShape shape, Position position, Optional<ShapeChange> change) {}
