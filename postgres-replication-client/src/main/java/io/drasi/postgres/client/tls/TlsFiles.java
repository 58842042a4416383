// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * What the files of a configuration, or libpq's default files, hold.
 *
 * @param roots whom to trust
 * @param clientCertificate what to show to a server that asks
 */
record TlsFiles(Roots roots, Optional<ClientCertificate> clientCertificate) {
    /** Whom to trust. */
    sealed interface Roots {
        /** Everybody. */
        record None() implements Roots {
            @Override
            public String description() {
                return "any root certificate";
            }
        }

        record JavaDefault() implements Roots {
            @Override
            public String description() {
                return "a root certificate that Java trusts";
            }
        }

        record Certificates(Path file, List<X509Certificate> certificates) implements Roots {
            public Certificates {
                certificates = List.copyOf(certificates);
            }

            @Override
            public String description() {
                return "a root certificate in " + file;
            }
        }

        /** For messages. */
        String description();
    }

    /** @throws TlsException if a configured or needed file is missing, or a file cannot be read */
    static TlsFiles of(ConnectionSettings settings) {
        return new TlsFiles(roots(settings), clientCertificate(settings));
    }

    /**
     * Reads the files that the settings name.
     *
     * @throws TlsException if one is missing or cannot be read
     */
    static void requireNamed(ConnectionSettings settings) {
        if (settings.sslRootCertificate().isPresent()) {
            roots(settings);
        }
        if (settings.sslCertificate().isPresent()) {
            clientCertificate(settings);
        }
    }

    private static Roots roots(ConnectionSettings settings) {
        SslMode mode = settings.sslMode();
        if (settings.trustsSystemRoots()) {
            return new Roots.JavaDefault();
        }
        if (settings.sslRootCertificate().isPresent()) {
            return namedRoots(settings.sslRootCertificate().get());
        }
        Path defaultFile = defaultFile("root.crt");
        if (Files.exists(defaultFile)) {
            return readRoots(defaultFile);
        }
        if (mode.requiresTrust()) {
            throw new TlsException("sslmode " + mode.libpqName()
                    + " needs a root certificate: set sslRootCertificate to a PEM file (or to 'system' for those that Java"
                    + " trusts), put it into " + defaultFile
                    + ", or use sslmode require, which does not check the server's certificate");
        }
        return new Roots.None();
    }

    private static Roots namedRoots(Path file) {
        if (!Files.exists(file)) {
            throw new TlsException("the root certificate file " + file + " does not exist");
        }
        return readRoots(file);
    }

    private static Roots readRoots(Path file) {
        try {
            return new Roots.Certificates(file, PemFile.certificates(file));
        } catch (IOException | GeneralSecurityException e) {
            throw unreadable("root certificate file", file, e);
        }
    }

    private static Optional<ClientCertificate> clientCertificate(ConnectionSettings settings) {
        Path certificateFile = settings.sslCertificate().orElseGet(() -> defaultFile("postgresql.crt"));
        if (settings.sslCertificate().isEmpty() && !Files.exists(certificateFile)) {
            return Optional.empty();
        }
        Path keyFile = settings.sslKey().orElseGet(() -> defaultFile("postgresql.key"));
        List<X509Certificate> chain;
        try {
            chain = PemFile.certificates(certificateFile);
        } catch (IOException | GeneralSecurityException e) {
            throw unreadable("client certificate file", certificateFile, e);
        }
        try {
            return Optional.of(new ClientCertificate(
                    certificateFile,
                    chain,
                    PemFile.privateKey(keyFile, chain.get(0).getPublicKey())));
        } catch (IOException | GeneralSecurityException e) {
            throw unreadable("private key file", keyFile, e);
        }
    }

    private static TlsException unreadable(String what, Path file, Exception cause) {
        String reason = cause instanceof NoSuchFileException
                ? "it does not exist"
                : cause instanceof IOException ? cause.toString() : String.valueOf(cause.getMessage());
        return new TlsException("cannot read the " + what + " " + file + ": " + reason, cause);
    }

    private static Path defaultFile(String name) {
        return Path.of(System.getProperty("user.home", ""), ".postgresql", name);
    }

    /** The end of a message about a handshake that the server broke off. */
    String clientCertificateHint() {
        return clientCertificate
                .map(certificate -> "; if it does not accept the client certificate in " + certificate.file()
                        + ", set sslCertificate and sslKey to one that an authority in its ssl_ca_file has signed")
                .orElse("; if the server asks for a client certificate, set sslCertificate and sslKey");
    }
}
