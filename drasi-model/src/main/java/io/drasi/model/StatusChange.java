// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.Objects;
import java.util.Optional;

/**
 * A source's status at a moment.
 *
 * @param message what is going on, in words, e.g. which attempt to reconnect this is; empty when the status says it all
 * @param cause the failure that led here, if one did
 */
public record StatusChange(
        String sourceId, ComponentStatus status, Optional<String> message, Optional<RuntimeException> cause) {
    public StatusChange {
        Objects.requireNonNull(sourceId, "sourceId");
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(cause, "cause");
    }
}
