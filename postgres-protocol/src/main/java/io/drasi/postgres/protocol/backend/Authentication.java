// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import io.drasi.postgres.protocol.wire.ByteSlice;
import java.util.List;

/**
 * What the server asks for to let a user in, or that it does. The bytes of these messages are the receiver's own.
 */
public sealed interface Authentication extends BackendMessage {
    /** The user is let in. */
    record Ok() implements Authentication {}

    record KerberosV5() implements Authentication {}

    record CleartextPassword() implements Authentication {}

    /** @param salt 4 bytes */
    record Md5Password(ByteSlice salt) implements Authentication {}

    record Gss() implements Authentication {}

    /** @param data of the GSSAPI or SSPI exchange */
    record GssContinue(ByteSlice data) implements Authentication {}

    record Sspi() implements Authentication {}

    /** @param mechanisms those that the server offers, its preferred first */
    record Sasl(List<String> mechanisms) implements Authentication {
        public Sasl {
            mechanisms = List.copyOf(mechanisms);
        }
    }

    /** @param data the mechanism's challenge */
    record SaslContinue(ByteSlice data) implements Authentication {}

    /** @param data the mechanism's last message: with SCRAM the proof that the server knows the password too */
    record SaslFinal(ByteSlice data) implements Authentication {}

    /** @param code one that protocol 3.0 doesn't define any more or not yet */
    record Unsupported(int code) implements Authentication {}
}
