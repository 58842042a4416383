// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/** A self-signed certificate authority in memory. */
final class CertificateAuthority {
    private static final AtomicLong SERIAL = new AtomicLong(System.currentTimeMillis());
    private static final int RSA_BITS = 2048;
    private static final int EC_BITS = 256;

    private final String keyAlgorithm;
    private final String signatureAlgorithm;
    private final Instant notBefore;
    private final Instant notAfter;
    private final X500Name name = commonName("Testkit CA " + SERIAL.incrementAndGet());
    private final KeyPair keys;
    private final X509Certificate certificate;

    CertificateAuthority(String keyAlgorithm, String signatureAlgorithm, Instant notBefore, Instant notAfter) {
        this.keyAlgorithm = keyAlgorithm;
        this.signatureAlgorithm = signatureAlgorithm;
        this.notBefore = notBefore;
        this.notAfter = notAfter;
        keys = newKeys();
        certificate = sign(
                name,
                keys,
                builder -> builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true)));
    }

    /** A private key with its certificate. */
    record Identity(KeyPair keys, X509Certificate certificate) {}

    private interface Extensions {
        void addTo(X509v3CertificateBuilder builder) throws IOException;
    }

    X509Certificate certificate() {
        return certificate;
    }

    /**
     * Makes a key and signs its certificate.
     *
     * @param alternativeNames host names and IP addresses; none for a certificate without that extension
     */
    Identity issue(String commonName, List<String> alternativeNames) {
        KeyPair subject = newKeys();
        return new Identity(subject, sign(commonName(commonName), subject, builder -> {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            if (!alternativeNames.isEmpty()) {
                builder.addExtension(Extension.subjectAlternativeName, false, generalNames(alternativeNames));
            }
        }));
    }

    private static GeneralNames generalNames(List<String> names) {
        return new GeneralNames(names.stream()
                .map(name ->
                        new GeneralName(IPAddress.isValid(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                .toArray(GeneralName[]::new));
    }

    /** Built, not parsed: a name may hold commas and equals signs. */
    private static X500Name commonName(String name) {
        return new X500NameBuilder().addRDN(BCStyle.CN, name).build();
    }

    private KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(keyAlgorithm);
            generator.initialize(keyAlgorithm.equals("RSA") ? RSA_BITS : EC_BITS);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("no keys of kind " + keyAlgorithm, e);
        }
    }

    private X509Certificate sign(X500Name subject, KeyPair subjectKeys, Extensions extensions) {
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                name,
                BigInteger.valueOf(SERIAL.incrementAndGet()),
                Date.from(notBefore),
                Date.from(notAfter),
                subject,
                subjectKeys.getPublic());
        try {
            extensions.addTo(builder);
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder(signatureAlgorithm).build(keys.getPrivate())));
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalArgumentException("cannot sign with " + signatureAlgorithm, e);
        }
    }
}
