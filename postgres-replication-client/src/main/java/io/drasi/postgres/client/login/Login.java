// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.AuthenticationException;
import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.session.LoginOutcome;
import io.drasi.postgres.client.session.MessageChannel;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.Transport;
import io.drasi.postgres.protocol.backend.Authentication;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessage.BackendKeyData;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NegotiateProtocolVersion;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ParameterStatus;
import io.drasi.postgres.protocol.backend.BackendMessage.ReadyForQuery;
import io.drasi.postgres.protocol.frontend.FrontendMessage.PasswordMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SaslInitialResponse;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SaslResponse;
import io.drasi.postgres.protocol.frontend.FrontendMessage.StartupMessage;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** From a connected transport to a session (PostgreSQL documentation, "Start-up"). */
final class Login {
    // Nothing that a server says before it knows the client is longer.
    private static final int MAX_FRAME_LENGTH = 65_536;

    private final ConnectionSettings settings;
    private final boolean replication;
    private final MessageChannel channel;
    private final Optional<String> tls;
    private final byte[] channelBinding;
    private final boolean mayShowPassword;
    private final Deadline deadline;
    private final Map<String, String> parameters = new HashMap<>();
    private Optional<ScramExchange> scram = Optional.empty();
    private boolean authenticated;
    private Optional<BackendKeyData> backend = Optional.empty();

    /**
     * @param tls protocol and cipher; empty if the transport is not encrypted
     * @param channelBinding of the server's certificate; empty if there is none
     * @param mayShowPassword whether a password may be sent in clear text
     */
    Login(
            ConnectionSettings settings,
            boolean replication,
            Transport transport,
            Optional<String> tls,
            byte[] channelBinding,
            boolean mayShowPassword,
            Deadline deadline) {
        this.settings = settings;
        this.replication = replication;
        this.channel = new MessageChannel(transport, settings.serverName(), MAX_FRAME_LENGTH);
        this.tls = tls;
        this.channelBinding = channelBinding;
        this.mayShowPassword = mayShowPassword;
        this.deadline = deadline;
    }

    /** On failure the transport is closed. */
    Session run() {
        try {
            channel.send(new StartupMessage(startupParameters()), deadline);
            refuseUnframedError();
            BackendMessage message = receive();
            while (!(message instanceof ReadyForQuery)) {
                handle(message);
                message = receive();
            }
            if (!authenticated) {
                throw new AuthenticationException(at() + "the server skipped the authentication");
            }
        } catch (RuntimeException | Error e) {
            channel.close();
            throw e;
        }
        channel.limitFrames(settings.maxFrameLength());
        Optional<String> mechanism = scram.map(ScramExchange::mechanism);
        return new Session(channel, settings, new LoginOutcome(parameters, backend, tls, mechanism));
    }

    private void refuseUnframedError() {
        Optional<String> text = channel.unframedError(deadline);
        if (text.isPresent()) {
            throw new ConnectFailedException(at() + "the server answered: "
                    + text.get().replaceAll("\\p{Cntrl}+", " ").strip());
        }
    }

    private Map<String, String> startupParameters() {
        Map<String, String> startup = new LinkedHashMap<>();
        startup.put("user", settings.user());
        startup.put("database", settings.database());
        if (replication) {
            startup.put("replication", "database");
        }
        // All text is decoded as UTF-8, whatever the database is encoded in.
        startup.put("client_encoding", "UTF8");
        startup.put("application_name", settings.applicationName());
        startup.putAll(settings.parameters());
        return startup;
    }

    private BackendMessage receive() {
        // Also looked at here: a server that sends without a pause never makes the channel wait.
        if (deadline.passed() || !channel.next(deadline)) {
            throw new ConnectFailedException(
                    at() + "the server did not complete the login within " + settings.connectTimeout());
        }
        return channel.decode();
    }

    private void handle(BackendMessage message) {
        if (message instanceof Authentication request) {
            authenticate(request);
        } else if (message instanceof ErrorResponse error) {
            throw new ServerErrorException(connecting(), error.message());
        } else if (message instanceof ParameterStatus status) {
            parameters.put(status.name(), status.value());
        } else if (message instanceof BackendKeyData key) {
            backend = Optional.of(key);
        } else if (!(message instanceof NoticeResponse || message instanceof NegotiateProtocolVersion)) {
            throw new ProtocolException("unexpected message during the login: " + message, 0);
        }
    }

    private void authenticate(Authentication request) {
        if (request instanceof Authentication.Ok) {
            requireProofOfServer();
            authenticated = true;
        } else if (request instanceof Authentication.CleartextPassword) {
            sendPassword();
        } else if (request instanceof Authentication.Sasl sasl) {
            beginScram(sasl);
        } else if (request instanceof Authentication.SaslContinue challenge) {
            byte[] response = exchange().respond(challenge.data().toByteArray(), at());
            channel.send(new SaslResponse(response), deadline);
        } else if (request instanceof Authentication.SaslFinal proof) {
            exchange().verify(proof.data().toByteArray(), at());
        } else if (request instanceof Authentication.Md5Password) {
            throw new AuthenticationException(at() + "the server wants an MD5 password, which is not safe and not"
                    + " supported. On the server: ALTER SYSTEM SET password_encryption = 'scram-sha-256'; SELECT"
                    + " pg_reload_conf(); ALTER ROLE " + Sql.identifier(settings.user()) + " PASSWORD '…'; and put"
                    + " scram-sha-256 in the place of md5 in the pg_hba.conf line that matches this connection");
        } else {
            throw new AuthenticationException(at() + "the server wants the authentication method "
                    + request.getClass().getSimpleName() + ", which is not supported; configure scram-sha-256 (or cert,"
                    + " over TLS) in pg_hba.conf for this user");
        }
    }

    private void requireProofOfServer() {
        if (scram.isPresent() && !scram.get().verified()) {
            throw new AuthenticationException(
                    at() + "the server broke off SCRAM before it had proved that it knows the password");
        }
    }

    private ScramExchange exchange() {
        return scram.orElseThrow(() -> new ProtocolException("a SASL message without the beginning of SASL", 0));
    }

    private void beginScram(Authentication.Sasl request) {
        char[] password = password();
        try {
            ScramExchange exchange = ScramExchange.begin(request.mechanisms(), password, channelBinding, at());
            scram = Optional.of(exchange);
            channel.send(new SaslInitialResponse(exchange.mechanism(), exchange.first()), deadline);
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    private void sendPassword() {
        if (!mayShowPassword) {
            throw new AuthenticationException(at() + "the server wants the password in clear text over an unencrypted"
                    + " network, which is refused. Use TLS (sslmode require or verify-full), configure scram-sha-256 in"
                    + " pg_hba.conf, or allow it explicitly (allowCleartextPassword)");
        }
        char[] password = password();
        byte[] encoded = utf8(password);
        try {
            channel.send(new PasswordMessage(encoded), deadline);
        } catch (IllegalArgumentException e) {
            throw new AuthenticationException(at() + "the password contains the character U+0000", e);
        } finally {
            Arrays.fill(password, '\0');
            Arrays.fill(encoded, (byte) 0);
        }
    }

    /**
     * Not by way of a String, which nobody could overwrite. What the password is sent with (the message, TLS, the socket) is
     * not overwritten either, but used again or soon collected.
     */
    private static byte[] utf8(char[] password) {
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(password));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes).flip();
        while (encoded.hasRemaining()) {
            encoded.put((byte) 0);
        }
        return bytes;
    }

    private char[] password() {
        Optional<char[]> password;
        try {
            password = settings.passwordSupplier().get(settings.host(), settings.port());
        } catch (RuntimeException e) {
            throw new ConnectFailedException(at() + "the password supplier failed", e);
        }
        return password.filter(characters -> characters.length > 0)
                .orElseThrow(() ->
                        new AuthenticationException(at() + "the server asks for a password, but none is configured"));
    }

    private String at() {
        return connecting() + ": ";
    }

    private String connecting() {
        return "connecting to " + settings.serverName() + " as user " + settings.user() + " to database "
                + settings.database() + (replication ? " for replication" : "");
    }
}
