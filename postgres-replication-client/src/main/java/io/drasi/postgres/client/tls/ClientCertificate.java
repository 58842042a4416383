// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * One certificate with its key, presented to every server that asks, as libpq does. The key managers of the JDK present
 * none if the server names other issuers, which hides the real problem from both sides.
 */
final class ClientCertificate extends X509ExtendedKeyManager {
    private static final String ALIAS = "client";

    private final Path file;
    private final X509Certificate[] chain;
    private final PrivateKey key;

    /** @param file that the certificate was read from */
    ClientCertificate(Path file, List<X509Certificate> chain, PrivateKey key) {
        this.file = file;
        this.chain = chain.toArray(X509Certificate[]::new);
        this.key = key;
    }

    /** For messages. */
    Path file() {
        return file;
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return Arrays.asList(keyTypes).contains(chain[0].getPublicKey().getAlgorithm()) ? ALIAS : null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return chain.clone();
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return key;
    }

    @Override
    public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return new String[] {ALIAS};
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return chooseEngineClientAlias(keyTypes, issuers, null);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }
}
