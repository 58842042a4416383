// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.tls.TlsClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Opens sessions: tries the addresses of the host in turn and follows the sslmode as libpq does. */
public final class Connector {
    private final ConnectionSettings settings;
    private final boolean replication;
    private final Optional<TlsClient> tlsClient;

    private Connector(ConnectionSettings settings, boolean replication) {
        this.settings = settings;
        this.replication = replication;
        this.tlsClient = settings.unixSocket() || settings.sslMode() == SslMode.DISABLE
                ? Optional.empty()
                : Optional.of(new TlsClient(settings));
    }

    /**
     * @param replication whether the session takes replication commands
     * @throws PostgresClientException if none of the addresses leads to a session
     */
    public static Session connect(ConnectionSettings settings, boolean replication) {
        Connector connector = new Connector(settings, replication);
        return settings.unixSocket() ? connector.connectUnix() : connector.connectTcp();
    }

    private Session connectUnix() {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(settings.unixSocketFile());
        return new Attempt(settings, replication, address, true, Optional.empty()).run();
    }

    private Session connectTcp() {
        InetAddress[] addresses = resolve();
        for (int i = 0; i < addresses.length - 1; i++) {
            try {
                return connect(addresses[i]);
            } catch (ConnectFailedException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                // The next address may be reachable. If the last one isn't either, its error is as good as this one.
            }
        }
        return connect(addresses[addresses.length - 1]);
    }

    private InetAddress[] resolve() {
        try {
            return InetAddress.getAllByName(settings.host());
        } catch (UnknownHostException e) {
            throw new ConnectFailedException(
                    "connecting to " + settings.serverName() + ": the host name '" + settings.host()
                            + "' cannot be resolved",
                    e);
        }
    }

    private Session connect(InetAddress host) {
        InetSocketAddress address = new InetSocketAddress(host, settings.port());
        boolean loopback = host.isLoopbackAddress();
        Attempt attempt = new Attempt(settings, replication, address, loopback, tlsClient);
        try {
            return attempt.run();
        } catch (PostgresClientException e) {
            if (settings.sslMode() == SslMode.PREFER && attempt.failedBecauseOfTls(e)) {
                return connectWithoutTls(address, loopback, e);
            }
            throw e;
        }
    }

    private Session connectWithoutTls(InetSocketAddress address, boolean loopback, PostgresClientException overTls) {
        try {
            return new Attempt(settings, replication, address, loopback, Optional.empty()).run();
        } catch (PostgresClientException e) {
            // The encrypted attempt was the preferred one, so its error is the one to fix, unless waiting may help.
            PostgresClientException decisive = e.retryable() && !overTls.retryable() ? e : overTls;
            decisive.addSuppressed(decisive == e ? overTls : e);
            throw decisive;
        }
    }
}
