// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.client.tls.TlsClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Opens sessions: tries the addresses of the host in turn and follows the sslmode as libpq does. */
public final class Connector {
    private static final String CANNOT_CONNECT_NOW = "57P03";

    private final ConnectionSettings settings;
    private final boolean replication;
    private final Resolver resolver;
    private final Optional<TlsClient> tlsClient;

    /** Gives the addresses of a host, at least one. */
    @FunctionalInterface
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    private Connector(ConnectionSettings settings, boolean replication, Resolver resolver) {
        this.settings = settings;
        this.replication = replication;
        this.resolver = resolver;
        this.tlsClient = settings.unixSocket() || settings.sslMode() == SslMode.DISABLE
                ? Optional.empty()
                : Optional.of(new TlsClient(settings));
    }

    /**
     * @param replication whether the session takes replication commands
     * @throws PostgresClientException if none of the addresses leads to a session
     */
    public static Session connect(ConnectionSettings settings, boolean replication) {
        return connect(settings, replication, InetAddress::getAllByName);
    }

    static Session connect(ConnectionSettings settings, boolean replication, Resolver resolver) {
        Connector connector = new Connector(settings, replication, resolver);
        return settings.unixSocket() ? connector.connectUnix() : connector.connectTcp();
    }

    private Session connectUnix() {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(settings.unixSocketFile());
        return new Attempt(settings, replication, address, true, Optional.empty()).run();
    }

    private Session connectTcp() {
        List<PostgresClientException> failures = new ArrayList<>();
        for (InetAddress address : resolve()) {
            try {
                return connect(address);
            } catch (PostgresClientException e) {
                failures.add(e);
                if (!anotherMayDo(e)) {
                    throw withOthers(e, failures);
                }
            }
        }
        throw unreachable(failures);
    }

    /**
     * Not if the server has judged the login, or TLS: it is the same server, or one that is set up as it. A server that
     * takes no connections at the moment has judged nothing; libpq goes on there from 14 on.
     */
    static boolean anotherMayDo(PostgresClientException failure) {
        return !Thread.currentThread().isInterrupted()
                && (failure instanceof ConnectFailedException
                        || failure instanceof ConnectionLostException
                        || (failure instanceof ServerErrorException error
                                && error.sqlState().equals(CANNOT_CONNECT_NOW)));
    }

    /** The one failure, or what the one server that is there answered, or one that tells of all. */
    private PostgresClientException unreachable(List<PostgresClientException> failures) {
        if (failures.size() == 1) {
            return failures.get(0);
        }
        for (PostgresClientException failure : failures) {
            if (failure instanceof ServerErrorException) {
                return withOthers(failure, failures);
            }
        }
        String all = failures.stream().map(Throwable::getMessage).collect(Collectors.joining("; "));
        return withOthers(
                new ConnectFailedException("connecting to " + settings.serverName() + ": none of its " + failures.size()
                        + " addresses led to a session: " + all),
                failures);
    }

    static PostgresClientException withOthers(PostgresClientException failure, List<PostgresClientException> failures) {
        failures.stream().filter(other -> other != failure).forEach(failure::addSuppressed);
        return failure;
    }

    private InetAddress[] resolve() {
        if (settings.hostAddress().isPresent()) {
            return new InetAddress[] {settings.hostAddress().get()};
        }
        try {
            return resolver.resolve(settings.host());
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
