// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import java.util.Optional;

/** Takes from a transaction what a subscription wants. */
@FunctionalInterface
public interface ChangeSelection {
    /** The change as the subscription gets it; empty if it doesn't. */
    Optional<SourceChange> take(SourceChange change, Position position);
}
