// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The channel binding {@code tls-server-end-point} (RFC 5929, 4.1). */
final class ChannelBinding {
    private static final Pattern HASH_OF_SIGNATURE =
            Pattern.compile("(MD5|SHA-?1|SHA-?224|SHA-?256|SHA-?384|SHA-?512|SHA3-\\d+)WITH.*");
    private static final Pattern HASH_OF_PSS = Pattern.compile("SHA-?(1|224|256|384|512)");

    private ChannelBinding() {}

    /**
     * The certificate's hash by the hash function of its signature, where MD5 and SHA-1 are replaced by SHA-256.
     *
     * @return empty if the signature has no hash function of its own (Ed25519, Ed448): then there is no such binding
     */
    static byte[] serverEndPoint(X509Certificate certificate) throws GeneralSecurityException {
        Optional<String> hash = hashFunction(certificate);
        return hash.isEmpty()
                ? new byte[0]
                : MessageDigest.getInstance(hash.get()).digest(certificate.getEncoded());
    }

    private static Optional<String> hashFunction(X509Certificate certificate) throws GeneralSecurityException {
        String algorithm = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (algorithm.equals("RSASSA-PSS")) {
            return pssHashFunction(certificate);
        }
        Matcher matcher = HASH_OF_SIGNATURE.matcher(algorithm);
        return matcher.matches() ? Optional.of(bindingHash(matcher.group(1))) : Optional.empty();
    }

    private static Optional<String> pssHashFunction(X509Certificate certificate) throws GeneralSecurityException {
        byte[] encoded = certificate.getSigAlgParams();
        if (encoded == null) {
            return Optional.empty();
        }
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
        try {
            parameters.init(encoded);
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
        String digest = parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm();
        return HASH_OF_PSS.matcher(digest).matches() ? Optional.of(bindingHash(digest)) : Optional.empty();
    }

    private static String bindingHash(String hash) {
        String dashed = hash.startsWith("SHA") && hash.indexOf('-') < 0 ? "SHA-" + hash.substring(3) : hash;
        return dashed.equals("MD5") || dashed.equals("SHA-1") ? "SHA-256" : dashed;
    }
}
