// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Makes TLS connections as the settings want them. The files are read once, those that are not named as late as libpq does. */
public final class TlsClient {
    private static final List<String> PROTOCOLS = List.of("TLSv1.2", "TLSv1.3");

    private final ConnectionSettings settings;
    private Optional<Identities> identities = Optional.empty();

    /** @param context made of the files */
    private record Identities(TlsFiles files, SSLContext context) {}

    /** @throws TlsException if a file that is named or needed is missing or cannot be read */
    public TlsClient(ConnectionSettings settings) {
        this.settings = settings;
        if (settings.sslMode() == SslMode.PREFER) {
            // Nobody asked for the default files here: one that is of no use matters only to a server that has TLS, and
            // then leads to a connection without.
            TlsFiles.requireNamed(settings);
        } else {
            identities();
        }
    }

    private Identities identities() {
        if (identities.isEmpty()) {
            identities = Optional.of(readIdentities());
        }
        return identities.get();
    }

    private Identities readIdentities() {
        TlsFiles files = TlsFiles.of(settings);
        KeyManager @Nullable [] keys =
                files.clientCertificate().map(key -> new KeyManager[] {key}).orElse(null);
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust(files.roots()), null);
            return new Identities(files, context);
        } catch (GeneralSecurityException e) {
            throw new TlsException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    /** Null stands for what Java trusts. */
    private static TrustManager @Nullable [] trust(TlsFiles.Roots roots) throws GeneralSecurityException {
        if (roots instanceof TlsFiles.Roots.Certificates files) {
            return trustManagers(files.certificates());
        }
        return roots instanceof TlsFiles.Roots.JavaDefault ? null : new TrustManager[] {new AnyCertificate()};
    }

    private static TrustManager[] trustManagers(List<X509Certificate> roots) throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        try {
            store.load(null, null);
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
        for (X509Certificate root : roots) {
            store.setCertificateEntry("root " + store.size(), root);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory.getTrustManagers();
    }

    /**
     * Shakes hands and checks the server's certificate as the sslmode wants. On failure the socket is closed.
     *
     * @throws TlsException if the two sides cannot agree, the certificate is not good enough, or one of libpq's default
     *     files cannot be read
     * @throws java.net.SocketTimeoutException if the deadline passes
     * @throws IOException if the connection breaks, which says nothing about TLS
     */
    public TlsTransport handshake(SocketTransport socket, Deadline deadline) throws IOException {
        TlsTransport transport;
        try {
            transport = TlsTransport.handshake(socket, engine(), deadline);
        } catch (SSLException e) {
            throw failure(e);
        }
        if (settings.sslMode() == SslMode.VERIFY_FULL) {
            try {
                requireName(serverCertificate(transport));
            } catch (TlsException e) {
                transport.close();
                throw e;
            }
        }
        return transport;
    }

    private SSLEngine engine() {
        SSLEngine engine = identities().context().createSSLEngine(settings.host(), settings.port());
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        List<String> supported = List.of(engine.getSupportedProtocols());
        parameters.setProtocols(PROTOCOLS.stream().filter(supported::contains).toArray(String[]::new));
        serverNameIndication().forEach(name -> parameters.setServerNames(List.of(name)));
        engine.setSSLParameters(parameters);
        return engine;
    }

    private Stream<SNIHostName> serverNameIndication() {
        if (ServerName.isAddress(settings.host())) {
            return Stream.empty();
        }
        try {
            return Stream.of(new SNIHostName(settings.host()));
        } catch (IllegalArgumentException e) {
            // A name that resolves but is no DNS name (an underscore, say) just isn't announced.
            return Stream.empty();
        }
    }

    private X509Certificate serverCertificate(TlsTransport transport) {
        try {
            return transport.serverCertificate();
        } catch (SSLException e) {
            throw new TlsException(at() + "the server has no certificate", e);
        }
    }

    private void requireName(X509Certificate certificate) {
        try {
            ServerName name = ServerName.of(certificate, settings.host());
            if (!name.matches(settings.host())) {
                throw new TlsException(at() + "the server's certificate is not for the host '" + settings.host()
                        + "' but for " + name.all()
                        + "; connect by such a name, or use sslmode verify-ca, which does not check the name");
            }
        } catch (CertificateParsingException e) {
            throw new TlsException(at() + "the names in the server's certificate cannot be read", e);
        }
    }

    private TlsException failure(SSLException e) {
        Optional<CertificateExpiredException> expired = cause(e, CertificateExpiredException.class);
        if (expired.isPresent()) {
            return outsideValidity("has expired", expired.get(), e);
        }
        Optional<CertificateNotYetValidException> early = cause(e, CertificateNotYetValidException.class);
        if (early.isPresent()) {
            return outsideValidity("is not valid yet", early.get(), e);
        }
        if (cause(e, CertificateException.class).isPresent()) {
            return new TlsException(
                    at() + "the server's certificate is not trusted (" + e.getMessage() + "): it does not lead to "
                            + identities().files().roots().description()
                            + "; set sslRootCertificate to the certificate of the authority that issued it",
                    e);
        }
        return new TlsException(
                at() + "the TLS handshake failed: " + e.getMessage()
                        + identities().files().clientCertificateHint(),
                e);
    }

    private TlsException outsideValidity(String problem, CertificateException reason, SSLException e) {
        return new TlsException(
                at() + "the server's certificate, or one of those it leads to, " + problem + " (" + reason.getMessage()
                        + "): replace it there (ssl_cert_file), or set the clock right, there or here",
                e);
    }

    private static <T extends CertificateException> Optional<T> cause(Throwable failure, Class<T> kind) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (kind.isInstance(cause)) {
                return Optional.of(kind.cast(cause));
            }
        }
        return Optional.empty();
    }

    /**
     * An error of the first read after the handshake: in TLS 1.3 that is where a client learns that its certificate, or
     * the lack of one, was not accepted.
     */
    public TlsException rejectedByServer(SSLException cause) {
        return new TlsException(
                at() + "the server ended the TLS connection: " + cause.getMessage()
                        + identities().files().clientCertificateHint(),
                cause);
    }

    private String at() {
        return "connecting to " + settings.serverName() + " with sslmode "
                + settings.sslMode().libpqName() + ": ";
    }

    /** The server certificate's {@code tls-server-end-point} binding (RFC 5929, 4.1); empty if it has none. */
    public byte[] channelBinding(TlsTransport transport) {
        try {
            return ChannelBinding.serverEndPoint(serverCertificate(transport));
        } catch (GeneralSecurityException e) {
            throw new TlsException(at() + "the server's certificate cannot be hashed for channel binding", e);
        }
    }
}
