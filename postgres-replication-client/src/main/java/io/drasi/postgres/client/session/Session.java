// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessage.NotificationResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ParameterStatus;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A session that is logged in. Used by one thread; {@link #abort()} by any. */
public final class Session {
    private static final Duration FAREWELL_TIMEOUT = Duration.ofMillis(100);

    private final MessageChannel channel;
    private final ConnectionSettings settings;
    private final LoginOutcome login;
    private final Map<String, String> parameters;
    private volatile boolean streaming;
    private volatile Optional<SocketAddress> address = Optional.empty();

    public Session(MessageChannel channel, ConnectionSettings settings, LoginOutcome login) {
        this.channel = channel;
        this.settings = settings;
        this.login = login;
        this.parameters = new ConcurrentHashMap<>(login.parameters());
    }

    /** Where the server is that the session was made with; a host may have several addresses. */
    public void reachedAt(SocketAddress serverAddress) {
        address = Optional.of(serverAddress);
    }

    /** The settings with which another session gets to the same server: those of this one, with the address it was reached at. */
    public ConnectionSettings sameServer() {
        return address.isPresent() && address.get() instanceof InetSocketAddress internet
                ? settings.toBuilder().hostAddress(internet.getAddress()).build()
                : settings;
    }

    /**
     * Asks the server to end what it does for this session at the moment, and waits until it has taken note of that, but
     * not longer than {@code timeout}. May be called by any thread.
     *
     * @return whether the server has taken note
     */
    public boolean cancel(Duration timeout) {
        return address.isPresent()
                && login.backend().isPresent()
                && new Cancellation(address.get(), login.backend().get()).send(Deadline.after(timeout));
    }

    public MessageChannel channel() {
        return channel;
    }

    public ConnectionSettings settings() {
        return settings;
    }

    public LoginOutcome login() {
        return login;
    }

    /** The server's last word on a parameter that it reports. */
    public Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /** For example 180006, as the server's own {@code server_version_num}. */
    public int serverVersionNumber() {
        return ServerVersion.number(parameter("server_version").orElse(""));
    }

    /**
     * Waits for the next message that is not about the session as such.
     *
     * @throws ConnectionLostException if the connection ends, or the server takes too long by {@code patience}
     */
    public BackendMessage receive(Patience patience) {
        while (true) {
            await(patience);
            BackendMessage message = channel.decode();
            if (!absorb(message)) {
                return message;
            }
        }
    }

    private void await(Patience patience) {
        Deadline deadline = patience == Patience.ENDLESS ? Deadline.never() : Deadline.after(settings.peerTimeout());
        while (!channel.next(deadline)) {
            if (deadline.passed()) {
                deadline = new Deadline(channel.lastReceivedNanos() + Deadline.nanos(settings.peerTimeout()), true);
                requireTimeLeft(deadline);
            }
        }
    }

    /** A message that is still on its way, though slowly, is a sign of life. */
    private void requireTimeLeft(Deadline deadline) {
        if (deadline.passed()) {
            channel.abort();
            throw new ConnectionLostException("the server at " + where() + " has been silent for "
                    + settings.peerTimeout() + " instead of answering");
        }
    }

    /** Keeps a changed parameter, passes over a notification; false for any other message. */
    public boolean absorb(BackendMessage message) {
        if (message instanceof ParameterStatus status) {
            parameters.put(status.name(), status.value());
            return true;
        }
        return message instanceof NotificationResponse;
    }

    public void send(FrontendMessage message) {
        channel.send(message, Deadline.after(settings.peerTimeout()));
    }

    /** @throws IllegalStateException if the connection carries a replication stream */
    public void requireNotStreaming() {
        if (streaming) {
            throw new IllegalStateException(
                    "the connection to " + channel.server() + " carries a replication stream and takes no queries");
        }
    }

    /** From here on the connection belongs to its stream. */
    public void beginStreaming() {
        streaming = true;
    }

    public ServerErrorException serverError(String doing, ServerMessage message) {
        return new ServerErrorException(doing + " on " + where(), message);
    }

    /** Server, database and user, for messages. */
    public String where() {
        return channel.server() + " (database " + settings.database() + ", user " + settings.user() + ")";
    }

    public void abort() {
        channel.abort();
    }

    /** Says goodbye if the server takes it at once, then closes. */
    public void close() {
        try {
            channel.send(new FrontendMessage.Terminate(), Deadline.after(FAREWELL_TIMEOUT));
        } catch (ConnectionLostException e) {
            // Gone already: the end that was wanted.
        }
        channel.close();
    }
}
