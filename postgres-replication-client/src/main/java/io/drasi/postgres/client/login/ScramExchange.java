// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import com.ongres.scram.common.exception.ScramInvalidServerSignatureException;
import com.ongres.scram.common.exception.ScramRuntimeException;
import io.drasi.postgres.client.error.AuthenticationException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One SCRAM-SHA-256 exchange (RFC 7677), bound to the TLS channel if there is one and the server offers it. Over TLS
 * without such an offer the client says that it could have (flag {@code y}), so that a server notices when somebody took
 * its offer away.
 */
final class ScramExchange {
    private static final List<String> MECHANISMS = List.of("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
    // A hostile server could have us hash for hours: this is some seconds, and 2,500 times PostgreSQL's default.
    private static final int MAX_ITERATIONS = 10_000_000;

    private final ScramClient client;
    private boolean verified;

    private ScramExchange(ScramClient client) {
        this.client = client;
    }

    /**
     * @param offered the server's mechanisms
     * @param password copied
     * @param channelBinding data of {@code tls-server-end-point}; empty without TLS
     * @param at beginning of error messages
     * @throws AuthenticationException if no mechanism fits
     */
    static ScramExchange begin(List<String> offered, char[] password, byte[] channelBinding, String at) {
        List<String> known = offered.stream().filter(MECHANISMS::contains).toList();
        boolean bindingOnly = !known.contains("SCRAM-SHA-256") && channelBinding.length == 0;
        if (known.isEmpty() || bindingOnly) {
            throw new AuthenticationException(at + "the server offers the SASL mechanisms " + offered
                    + ", none of which can be used" + (known.isEmpty() ? "" : " without TLS")
                    + "; configure scram-sha-256 in pg_hba.conf");
        }
        try {
            return new ScramExchange(ScramClient.builder()
                    .advertisedMechanisms(known)
                    // The server takes the name from the startup message and ignores this one.
                    .username("*")
                    .password(password)
                    .channelBinding("tls-server-end-point", channelBinding)
                    .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                    .build());
        } catch (IllegalArgumentException e) {
            throw new AuthenticationException(at + "SCRAM cannot begin: " + e.getMessage(), e);
        }
    }

    /** For example {@code SCRAM-SHA-256-PLUS}. */
    String mechanism() {
        return client.getScramMechanism().getName();
    }

    byte[] first() {
        return client.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8);
    }

    /** @throws AuthenticationException if the server's first message is not well-formed or unreasonable */
    byte[] respond(byte[] serverFirst, String at) {
        try {
            int iterations = client.serverFirstMessage(new String(serverFirst, StandardCharsets.UTF_8))
                    .getIterationCount();
            if (iterations > MAX_ITERATIONS) {
                throw new AuthenticationException(at + "the server asks for " + iterations
                        + " SCRAM iterations; at most " + MAX_ITERATIONS + " are done");
            }
            return client.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8);
        } catch (ScramException | ScramRuntimeException | IllegalArgumentException | IllegalStateException e) {
            throw new AuthenticationException(at + "the server's SCRAM challenge is not valid: " + e.getMessage(), e);
        }
    }

    /** @throws AuthenticationException if the server doesn't prove that it knows the password */
    void verify(byte[] serverFinal, String at) {
        try {
            client.serverFinalMessage(new String(serverFinal, StandardCharsets.UTF_8));
            verified = true;
        } catch (ScramInvalidServerSignatureException e) {
            throw new AuthenticationException(
                    at + "the server's SCRAM signature is wrong: it does not know the password, so it is not the server"
                            + " that the password belongs to",
                    e);
        } catch (ScramException | ScramRuntimeException | IllegalArgumentException | IllegalStateException e) {
            throw new AuthenticationException(at + "the server's SCRAM proof is not valid: " + e.getMessage(), e);
        }
    }

    boolean verified() {
        return verified;
    }
}
