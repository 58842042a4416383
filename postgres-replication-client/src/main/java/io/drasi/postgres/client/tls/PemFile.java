// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and private keys as OpenSSL writes them (RFC 7468). */
final class PemFile {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private record Block(String label, String text) {
        /** Only the traditional formats mark encryption here, with a header. */
        boolean encrypted() {
            return label.equals("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type:");
        }

        byte[] der() throws GeneralSecurityException {
            try {
                return Base64.getMimeDecoder().decode(text);
            } catch (IllegalArgumentException e) {
                throw new GeneralSecurityException("the " + label + " block is not base64", e);
            }
        }
    }

    private PemFile() {}

    /**
     * All certificates in the file, in order.
     *
     * @throws GeneralSecurityException if there is none, or one cannot be read
     */
    static List<X509Certificate> certificates(Path file) throws IOException, GeneralSecurityException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(file)) {
            if (block.label().equals("CERTIFICATE") || block.label().equals("TRUSTED CERTIFICATE")) {
                certificates.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der())));
            }
        }
        if (certificates.isEmpty()) {
            throw new GeneralSecurityException("there is no BEGIN CERTIFICATE block in it");
        }
        return certificates;
    }

    /**
     * The first private key in the file: PKCS#8, or the traditional formats of RSA (PKCS#1) and EC (SEC 1) keys.
     *
     * @param publicKey of the certificate that the key belongs to
     * @throws GeneralSecurityException if there is none, it is encrypted, belongs to another certificate, or cannot be
     *     read
     */
    static PrivateKey privateKey(Path file, PublicKey publicKey) throws IOException, GeneralSecurityException {
        for (Block block : blocks(file)) {
            if (!block.label().endsWith("PRIVATE KEY")) {
                continue;
            }
            if (block.encrypted()) {
                throw new GeneralSecurityException("the key is encrypted; decrypt it with: openssl pkey -in " + file
                        + " -out <new file>, and keep that file readable for its owner only");
            }
            boolean pkcs8 = block.label().equals("PRIVATE KEY");
            PrivateKey key = pkcs8Key(pkcs8 ? block.der() : Der.pkcs8(block.der(), publicKey), publicKey);
            requirePair(key, publicKey);
            return key;
        }
        throw new GeneralSecurityException("there is no BEGIN PRIVATE KEY block in it");
    }

    private static PrivateKey pkcs8Key(byte[] der, PublicKey publicKey) throws GeneralSecurityException {
        String algorithm = publicKey.getAlgorithm();
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (InvalidKeySpecException e) {
            throw new GeneralSecurityException("it holds no key for a certificate of kind " + algorithm, e);
        }
    }

    /** Otherwise the handshake would fail, and nobody would know why. */
    private static void requirePair(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
        Signature signature = switch (publicKey.getAlgorithm()) {
            case "RSA" -> Signature.getInstance("SHA256withRSA");
            case "EC" -> Signature.getInstance("SHA256withECDSA");
            default -> Signature.getInstance(publicKey.getAlgorithm());
        };
        if (publicKey.getAlgorithm().equals("RSASSA-PSS")) {
            signature.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
        }
        byte[] text = {1, 2, 3};
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(text);
        if (!signature.verify(signed)) {
            throw new GeneralSecurityException("its key belongs to another certificate");
        }
    }

    private static List<Block> blocks(Path file) throws IOException {
        Matcher matcher = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        List<Block> blocks = new ArrayList<>();
        while (matcher.find()) {
            blocks.add(new Block(matcher.group(1), matcher.group(2)));
        }
        return blocks;
    }
}
