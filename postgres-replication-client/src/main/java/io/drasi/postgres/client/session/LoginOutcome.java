// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.protocol.backend.BackendMessage.BackendKeyData;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of a session when the login is over.
 *
 * @param parameters as reported by the server
 * @param backend process id of the server's side, and what a request to cancel its work has to show; empty if the server
 *     told neither
 * @param tls protocol and cipher; empty if not encrypted
 * @param saslMechanism the one that was used, e.g. {@code SCRAM-SHA-256-PLUS}; empty if the login was of another kind
 */
public record LoginOutcome(
        Map<String, String> parameters,
        Optional<BackendKeyData> backend,
        Optional<String> tls,
        Optional<String> saslMechanism) {
    public LoginOutcome {
        parameters = Map.copyOf(parameters);
    }

    /** Process id of the server's side; 0 if the server didn't tell. */
    public int backendPid() {
        return backend.map(BackendKeyData::processId).orElse(0);
    }
}
