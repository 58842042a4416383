// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.tls.TlsClient;
import io.drasi.postgres.client.tls.TlsTransport;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.postgres.client.transport.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** One attempt to get a session from one address, with or without TLS. */
final class Attempt {
    private static final String INVALID_AUTHORIZATION_CLASS = "28";

    private final ConnectionSettings settings;
    private final boolean replication;
    private final SocketAddress address;
    private final boolean local;
    private final Optional<TlsClient> tlsClient;
    private final Deadline deadline;
    private boolean tlsAgreed;
    private boolean handshakeBroke;

    /**
     * @param local whether the address never leaves this machine
     * @param tlsClient empty for no TLS
     */
    Attempt(
            ConnectionSettings settings,
            boolean replication,
            SocketAddress address,
            boolean local,
            Optional<TlsClient> tlsClient) {
        this.settings = settings;
        this.replication = replication;
        this.address = address;
        this.local = local;
        this.tlsClient = tlsClient;
        this.deadline = Deadline.after(settings.connectTimeout());
    }

    Session run() {
        SocketTransport socket = connect();
        try {
            Optional<TlsTransport> tls = tlsClient.flatMap(client -> startTls(client, socket));
            Session session = logIn(socket, tls);
            session.reachedAt(address);
            return session;
        } catch (RuntimeException | Error e) {
            socket.abort();
            throw e;
        }
    }

    /**
     * Whether {@link #run()} failed in a way that may be different without TLS: in the handshake, or because the server
     * would not let the user in (as a {@code hostnossl} line of pg_hba.conf does). Errors of the server that have nothing
     * to do with who asks are not repeated, though libpq does; nor are timeouts and interrupts.
     */
    boolean failedBecauseOfTls(PostgresClientException failure) {
        return tlsAgreed
                && (handshakeBroke
                        || failure instanceof TlsException
                        || (failure instanceof ServerErrorException error
                                && error.sqlState().startsWith(INVALID_AUTHORIZATION_CLASS)));
    }

    private SocketTransport connect() {
        try {
            return SocketTransport.connect(address, deadline);
        } catch (SocketTimeoutException e) {
            throw failed("no answer from " + address + " within " + settings.connectTimeout(), e);
        } catch (ClosedByInterruptException e) {
            throw failed("the connecting thread was interrupted", e);
        } catch (IOException e) {
            throw failed(
                    e.getMessage() + " (" + address + "); is a server running there, and does it listen on that "
                            + (settings.unixSocket() ? "socket?" : "address and port?"),
                    e);
        }
    }

    private Optional<TlsTransport> startTls(TlsClient client, SocketTransport socket) {
        try {
            tlsAgreed = TlsRequest.send(socket, settings, deadline);
            return tlsAgreed ? Optional.of(client.handshake(socket, deadline)) : Optional.empty();
        } catch (SocketTimeoutException e) {
            throw failed("TLS was not set up within " + settings.connectTimeout(), e);
        } catch (ClosedByInterruptException e) {
            throw failed("the connecting thread was interrupted", e);
        } catch (IOException e) {
            handshakeBroke = tlsAgreed;
            String when = tlsAgreed ? "in the TLS handshake" : "when it asked for TLS";
            throw failed("the connection broke " + when + ": " + e.getMessage(), e);
        }
    }

    private Session logIn(SocketTransport socket, Optional<TlsTransport> tls) {
        Transport transport = tls.isPresent() ? tls.get() : socket;
        byte[] channelBinding =
                tlsClient.flatMap(client -> tls.map(client::channelBinding)).orElseGet(() -> new byte[0]);
        boolean mayShowPassword = tls.isPresent() || local || settings.allowCleartextPassword();
        try {
            return new Login(
                            settings,
                            replication,
                            transport,
                            tls.map(TlsTransport::description),
                            channelBinding,
                            mayShowPassword,
                            deadline)
                    .run();
        } catch (ConnectionLostException e) {
            // With TLS 1.3 a server judges the client's certificate when the handshake is over for the client.
            if (tlsClient.isPresent() && e.getCause() instanceof SSLException cause) {
                throw tlsClient.get().rejectedByServer(cause);
            }
            throw e;
        }
    }

    private ConnectFailedException failed(String problem, IOException cause) {
        return new ConnectFailedException("connecting to " + settings.serverName() + ": " + problem, cause);
    }
}
