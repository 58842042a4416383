// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PemFileTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"EC, SHA256withECDSA", "RSA, SHA256withRSA"})
    void readsTheSameKeyInBothForms(String algorithm, String signature) throws Exception {
        TlsFiles files = TlsFiles.builder().algorithms(algorithm, signature).create();
        PublicKey publicKey =
                PemFile.certificates(files.clientCertificate()).get(0).getPublicKey();
        assertThat(PemFile.privateKey(files.clientKeyTraditional(), publicKey))
                .isEqualTo(PemFile.privateKey(files.clientKey(), publicKey))
                .satisfies(key -> assertThat(key.getAlgorithm()).isEqualTo(algorithm));
        assertThat(Files.readString(files.clientKeyTraditional())).contains("BEGIN " + algorithm + " PRIVATE KEY");
    }

    @Test
    void readsAllCertificatesBetweenOtherText() throws Exception {
        TlsFiles files = TlsFiles.shared();
        Path file = directory.resolve("chain.crt");
        Files.writeString(
                file,
                "Certificate:\n    Data: --- whatever ---\n" + Files.readString(files.serverCertificate())
                        + "\n# and the root\n" + Files.readString(files.rootCertificate()));
        assertThat(PemFile.certificates(file)).hasSize(2).first().isEqualTo(files.serverX509());
    }

    @Test
    void tellsHowToDecryptAnEncryptedKey() throws IOException {
        rejectsKey(
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n", "openssl pkey");
        String traditional = """
                -----BEGIN RSA PRIVATE KEY-----
                Proc-Type: 4,ENCRYPTED
                DEK-Info: AES-128-CBC,00

                MIIB
                -----END RSA PRIVATE KEY-----
                """;
        rejectsKey(traditional, "openssl pkey");
    }

    @Test
    void rejectsWhatIsNoKeyOrAnotherOne() throws IOException {
        rejectsKey("", "no BEGIN PRIVATE KEY block");
        rejectsKey(
                "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
                "no key for a certificate of kind EC");
        rejectsKey("-----BEGIN PRIVATE KEY-----\nM\n-----END PRIVATE KEY-----\n", "not base64");
        rejectsKey(
                "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n",
                "no key for a certificate of kind EC");
        rejectsKey(Files.readString(TlsFiles.shared().clientKey()), "belongs to another certificate");
    }

    private void rejectsKey(String content, String message) throws IOException {
        Path file = Files.writeString(directory.resolve("key"), content);
        assertThatThrownBy(() ->
                        PemFile.privateKey(file, TlsFiles.shared().serverX509().getPublicKey()))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessageContaining(message);
    }

    @Test
    void rejectsAFileWithoutCertificates() throws IOException {
        Path file = Files.writeString(directory.resolve("empty"), "");
        assertThatThrownBy(() -> PemFile.certificates(file)).hasMessageContaining("no BEGIN CERTIFICATE block");
    }
}
