// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;

/**
 * A certificate authority made for one run, with a server and a client certificate that it signed. The PEM files live
 * as long as this JVM. Immutable.
 */
public final class TlsFiles {
    static final String ROOT_CERTIFICATE = "root.crt";
    static final String SERVER_CERTIFICATE = "server.crt";
    static final String SERVER_KEY = "server.key";

    private static final String CLIENT_CERTIFICATE = "client.crt";
    private static final String CLIENT_KEY = "client.key";
    private static final String CLIENT_KEY_TRADITIONAL = "client-traditional.key";
    private static final String KEY_MODE = "rw-------";
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Path directory;
    private final CertificateAuthority.Identity server;

    private TlsFiles(Builder builder) {
        directory = RunDirectory.create("tls" + COUNT.incrementAndGet(), false);
        CertificateAuthority authority = new CertificateAuthority(
                builder.keyAlgorithm, builder.signatureAlgorithm, builder.notBefore, builder.notAfter);
        server = authority.issue(builder.serverName, builder.alternativeNames);
        CertificateAuthority.Identity client = authority.issue(builder.clientName, List.of());
        write(ROOT_CERTIFICATE, authority.certificate(), "rw-r--r--");
        write(SERVER_CERTIFICATE, server.certificate(), "rw-r--r--");
        write(SERVER_KEY, pkcs8(server), KEY_MODE);
        write(CLIENT_CERTIFICATE, client.certificate(), "rw-r--r--");
        write(CLIENT_KEY, pkcs8(client), KEY_MODE);
        write(CLIENT_KEY_TRADITIONAL, client.keys().getPrivate(), KEY_MODE);
    }

    /** Files with all the builder's defaults, made once for this JVM. */
    public static TlsFiles shared() {
        return Shared.FILES;
    }

    public static Builder builder() {
        return new Builder();
    }

    private static final class Shared {
        static final TlsFiles FILES = builder().create();
    }

    /** What is in the certificates. Not thread-safe. */
    public static final class Builder {
        private String keyAlgorithm = "EC";
        private String signatureAlgorithm = "SHA256withECDSA";
        private String serverName = "localhost";
        private List<String> alternativeNames = List.of("localhost", PostgresServer.HOST, "::1");
        private String clientName = PostgresServer.SUPERUSER;
        private Instant notBefore = Instant.now().minus(Duration.ofDays(1));
        private Instant notAfter = Instant.now().plus(Duration.ofDays(30));

        private Builder() {}

        /** Instead of EC keys on P-256 that sign with SHA-256, e.g. {@code "RSA", "SHA384withRSA"}. */
        public Builder algorithms(String key, String signature) {
            keyAlgorithm = key;
            signatureAlgorithm = signature;
            return this;
        }

        /** The common name of the server certificate, instead of {@code localhost}. */
        public Builder serverName(String commonName) {
            serverName = commonName;
            return this;
        }

        /**
         * The subject alternative names of the server certificate, instead of {@code localhost}, {@code 127.0.0.1} and
         * {@code ::1}: host names and IP addresses; none for a certificate without that extension.
         */
        public Builder alternativeNames(String... names) {
            alternativeNames = List.of(names);
            return this;
        }

        /** The common name of the client certificate, which the {@code cert} method takes for the user's name. */
        public Builder clientName(String commonName) {
            clientName = commonName;
            return this;
        }

        /** Instead of from yesterday on for a month, for all certificates. */
        public Builder validity(Instant from, Instant to) {
            notBefore = from;
            notAfter = to;
            return this;
        }

        public TlsFiles create() {
            return new TlsFiles(this);
        }
    }

    public Path rootCertificate() {
        return directory.resolve(ROOT_CERTIFICATE);
    }

    public Path serverCertificate() {
        return directory.resolve(SERVER_CERTIFICATE);
    }

    /** PKCS#8, unencrypted. */
    public Path serverKey() {
        return directory.resolve(SERVER_KEY);
    }

    public Path clientCertificate() {
        return directory.resolve(CLIENT_CERTIFICATE);
    }

    /** PKCS#8, unencrypted. */
    public Path clientKey() {
        return directory.resolve(CLIENT_KEY);
    }

    /** The same key in OpenSSL's older form: PKCS#1 for RSA, SEC 1 for EC. */
    public Path clientKeyTraditional() {
        return directory.resolve(CLIENT_KEY_TRADITIONAL);
    }

    /** The server's leaf certificate, e.g. for the data of channel binding. */
    public X509Certificate serverX509() {
        return server.certificate();
    }

    /** A context for a server in this JVM. */
    SSLContext serverContext() {
        try {
            char[] password = "changeit".toCharArray();
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, password);
            store.setKeyEntry(
                    "server", server.keys().getPrivate(), password, new X509Certificate[] {server.certificate()});
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("cannot make a TLS context", e);
        }
    }

    /** Copies what a server needs into its data directory; it refuses a key that others may read. */
    void installInto(Path dataDirectory) {
        for (String file : List.of(ROOT_CERTIFICATE, SERVER_CERTIFICATE, SERVER_KEY)) {
            Directories.copy(directory.resolve(file), dataDirectory.resolve(file));
            ServerAccount.current().own(dataDirectory.resolve(file));
        }
    }

    private void write(String file, Object content, String mode) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
            pem.writeObject(content);
            pem.flush();
            Path path = directory.resolve(file);
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
            Files.writeString(path, text.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JcaPKCS8Generator pkcs8(CertificateAuthority.Identity identity) {
        try {
            return new JcaPKCS8Generator(identity.keys().getPrivate(), null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
