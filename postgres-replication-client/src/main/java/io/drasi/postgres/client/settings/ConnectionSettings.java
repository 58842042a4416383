// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import io.drasi.postgres.protocol.frame.FrameReader;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a server is, who logs in, and how. Made with {@link #builder()}.
 *
 * @param host name or address; with a leading {@code /} the directory of the Unix socket {@code .s.PGSQL.<port>}. All
 *     addresses of a name are tried in turn.
 * @param hostAddress where to find the host, in place of the addresses of its name; certificates are still checked for the
 *     name
 * @param port 1 to 65,535
 * @param sslRootCertificate PEM file of the certificates to trust; the word {@code system} means those that Java trusts,
 *     and wants sslmode {@code verify-full}; empty means {@code ~/.postgresql/root.crt} if it exists, as in libpq
 * @param sslCertificate PEM file of the client certificate, with its chain; empty means
 *     {@code ~/.postgresql/postgresql.crt} if it exists
 * @param sslKey PEM file of the client certificate's unencrypted private key (PKCS#8, PKCS#1 or SEC 1); empty means
 *     {@code ~/.postgresql/postgresql.key}
 * @param connectTimeout for each address of the host: TCP, TLS and login together. Name resolution is not covered.
 * @param peerTimeout a connection on which the server is silent for so long is given up, on a replication stream though
 *     asked for a sign of life at half of it; but not while a COPY runs, a slot is made, or a slot has to become free
 * @param allowCleartextPassword send a password in clear text over an unencrypted network if the server asks for it;
 *     over TLS, a Unix socket or loopback it is always sent
 * @param parameters further startup parameters, e.g. {@code DateStyle}; they override the role's and the database's own
 * @param maxFrameLength bound for the length of one message of the server, in bytes
 * @param clock what the server is told that the time is, in the status updates of a replication stream. Timeouts don't
 *     depend on it
 */
public record ConnectionSettings(
        String host,
        Optional<InetAddress> hostAddress,
        int port,
        String database,
        String user,
        PasswordSupplier passwordSupplier,
        SslMode sslMode,
        Optional<Path> sslRootCertificate,
        Optional<Path> sslCertificate,
        Optional<Path> sslKey,
        Duration connectTimeout,
        Duration peerTimeout,
        boolean allowCleartextPassword,
        String applicationName,
        Map<String, String> parameters,
        int maxFrameLength,
        InstantSource clock) {

    private static final Set<String> OWN_PARAMETERS =
            Set.of("user", "database", "replication", "client_encoding", "application_name");
    private static final Path SYSTEM_ROOTS = Path.of("system");
    private static final int SMALLEST_MAX_FRAME_LENGTH = 65_536;

    public ConnectionSettings {
        requireText(host, "host");
        requireText(database, "database");
        requireText(user, "user");
        require(port >= 1 && port <= 65_535, "port must be 1 to 65,535, was " + port);
        requirePositive(connectTimeout, "connectTimeout");
        requirePositive(peerTimeout, "peerTimeout");
        require(applicationName.indexOf('\0') < 0, "applicationName must not contain the character U+0000");
        // Anybody gets a certificate from one of those authorities, for a name of his own.
        require(
                !trustsSystemRoots(sslRootCertificate) || sslMode == SslMode.VERIFY_FULL,
                "sslRootCertificate 'system' needs sslMode verify-full, was " + sslMode.libpqName());
        require(
                sslCertificate.isPresent() || sslKey.isEmpty(),
                "sslKey is set without sslCertificate; set both or neither");
        require(
                maxFrameLength >= SMALLEST_MAX_FRAME_LENGTH && maxFrameLength <= FrameReader.DEFAULT_MAX_FRAME_LENGTH,
                "maxFrameLength must be " + SMALLEST_MAX_FRAME_LENGTH + " to " + FrameReader.DEFAULT_MAX_FRAME_LENGTH
                        + ", was " + maxFrameLength);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        parameters.forEach(ConnectionSettings::requireParameter);
    }

    private static void requireParameter(String name, String value) {
        requireText(name, "the name of a parameter");
        // The server takes most of them in any case.
        require(
                !OWN_PARAMETERS.contains(name.toLowerCase(Locale.ROOT)),
                "the parameter " + name + " is set by the client itself");
        require(value.indexOf('\0') < 0, "the parameter " + name + " must not contain the character U+0000");
    }

    private static void requireText(String value, String option) {
        require(!value.isEmpty(), option + " must not be empty");
        require(value.indexOf('\0') < 0, option + " must not contain the character U+0000");
    }

    private static void requirePositive(Duration value, String option) {
        require(!value.isNegative() && !value.isZero(), option + " must be greater than 0, was " + value);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    private static boolean trustsSystemRoots(Optional<Path> sslRootCertificate) {
        return sslRootCertificate.filter(SYSTEM_ROOTS::equals).isPresent();
    }

    /** True if {@link #sslRootCertificate()} is no file but stands for the certificates that Java trusts. */
    public boolean trustsSystemRoots() {
        return trustsSystemRoots(sslRootCertificate);
    }

    /** True if {@link #host()} is the directory of a Unix socket. */
    public boolean unixSocket() {
        return host.startsWith("/");
    }

    /** For messages: {@code host:port}, or the path of the Unix socket. */
    public String serverName() {
        if (unixSocket()) {
            return unixSocketFile().toString();
        }
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    /** Path of the Unix socket, of use only if {@link #unixSocket()}. */
    public Path unixSocketFile() {
        return Path.of(host, ".s.PGSQL." + port);
    }

    public static ConnectionSettingsBuilder builder() {
        return new ConnectionSettingsBuilder();
    }

    /** A builder that begins with these settings. */
    public ConnectionSettingsBuilder toBuilder() {
        return new ConnectionSettingsBuilder(this);
    }

    /** All settings but the password, and of the parameters only the names. */
    @Override
    public String toString() {
        return "ConnectionSettings[server=" + serverName() + ", database=" + database + ", user=" + user
                + ", sslMode=" + sslMode.libpqName() + ", sslRootCertificate=" + sslRootCertificate
                + ", sslCertificate=" + sslCertificate + ", connectTimeout=" + connectTimeout + ", peerTimeout="
                + peerTimeout + ", allowCleartextPassword=" + allowCleartextPassword + ", applicationName="
                + applicationName + ", parameters=" + parameters.keySet() + ", maxFrameLength=" + maxFrameLength + "]";
    }
}
