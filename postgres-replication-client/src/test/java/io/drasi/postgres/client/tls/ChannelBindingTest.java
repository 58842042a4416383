// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.TlsFiles;
import java.io.ByteArrayInputStream;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelBindingTest {
    @ParameterizedTest
    @CsvSource({
        "EC, SHA256withECDSA, SHA-256",
        "EC, SHA384withECDSA, SHA-384",
        "EC, SHA1withECDSA, SHA-256",
        "RSA, SHA512withRSA, SHA-512",
        "RSA, SHA384withRSAandMGF1, SHA-384"
    })
    void hashesTheCertificateByTheHashOfItsSignature(String key, String signature, String hash) throws Exception {
        X509Certificate certificate = certificate(key, signature);
        assertThat(ChannelBinding.serverEndPoint(certificate))
                .isEqualTo(MessageDigest.getInstance(hash).digest(certificate.getEncoded()));
    }

    @Test
    void hasNoBindingForASignatureWithoutAHash() throws Exception {
        assertThat(ChannelBinding.serverEndPoint(certificate("Ed25519", "Ed25519")))
                .isEmpty();
    }

    private static X509Certificate certificate(String key, String signature) throws Exception {
        byte[] encoded = encodedCertificate(key, signature);
        // Not the provider's own class, which names some algorithms in other ways.
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
    }

    /** The JDK alone cannot make all of these. */
    private static byte[] encodedCertificate(String key, String signature) throws Exception {
        Provider provider = new BouncyCastleProvider();
        Security.insertProviderAt(provider, 1);
        try {
            return TlsFiles.builder()
                    .algorithms(key, signature)
                    .create()
                    .serverX509()
                    .getEncoded();
        } finally {
            Security.removeProvider(provider.getName());
        }
    }
}
